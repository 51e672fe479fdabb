with source as (
    select * from {{ source('article', 'prose_index_figures') }}
),

final as (
    select
        raw_row,
        locator,
        country_code,
        indicator_code,
        statistic,
        {{ filled('exhibit_code') }} as exhibit_code,
        {{ parse_period('printed_period') }} as period_code,
        {{ parse_decimal("replace(printed_text, 'th', '')") }} as figure,
        {{ source_cell_id("'article/prose_index_figures.csv'", 'raw_row', "'printed_text'") }} as source_cell_id
    from source
)

select * from final
