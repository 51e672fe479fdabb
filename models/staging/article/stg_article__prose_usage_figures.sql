with source as (
    select * from {{ source('article', 'prose_usage_figures') }}
),

final as (
    select
        raw_row,
        locator,
        service_code,
        measure_code,
        {{ parse_period('printed_period') }} as period_code,
        case printed_qualifier when 'more than' then 'at_least' else 'exact' end as value_qualifier,
        {{ parse_count('printed_text') }} as usage_count,
        {{ source_cell_id("'article/prose_usage_figures.csv'", 'raw_row', "'printed_text'") }} as source_cell_id
    from source
)

select * from final
