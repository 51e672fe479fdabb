with source as (
    select * from {{ ref('stg_article__front_matter') }}
),

final as (
    select
        element,
        language,
        position,
        printed_text,
        source_cell_id
    from source
)

select * from final
order by element, language, position
