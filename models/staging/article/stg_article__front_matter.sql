with source as (
    select * from {{ source('article', 'front_matter') }}
),

final as (
    select
        raw_row,
        element,
        language,
        cast(position as integer) as position,
        locator,
        printed_text,
        {{ source_cell_id("'article/front_matter.csv'", 'raw_row', "'printed_text'") }} as source_cell_id
    from source
)

select * from final
