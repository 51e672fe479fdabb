with source as (
    select * from {{ source('article', 'front_matter') }}
),

final as (
    select
        element,
        language,
        cast(position as integer) as position,
        printed_text,
        {{ source_cell_id("'article/front_matter.csv'", 'raw_row', "'printed_text'") }} as source_cell_id
    from source
)

select * from final
