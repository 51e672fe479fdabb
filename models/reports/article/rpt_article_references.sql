with source as (
    select * from {{ ref('stg_article__references') }}
),

final as (
    select
        reference_number,
        author,
        title,
        title_en,
        details,
        year,
        url,
        accessed_on,
        source_cell_id
    from source
)

select * from final
order by reference_number
