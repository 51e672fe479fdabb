with source as (
    select * from {{ ref('stg_article__service_names') }}
),

final as (
    select
        service_code,
        valid_from_year,
        valid_to_year,
        name_en
    from source
)

select * from final
