with source as (
    select * from {{ ref('stg_article__events') }}
),

final as (
    select
        concat('sabdenov_abdrakhmanova.', event_code) as event_id,
        event_code,
        event_type,
        title_en,
        start_date,
        end_date,
        date_precision,
        service_code,
        source_cell_id
    from source
)

select * from final
