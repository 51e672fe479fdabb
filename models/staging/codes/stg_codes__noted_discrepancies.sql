with source as (
    select * from {{ source('codes', 'noted_discrepancies') }}
),

final as (
    select
        finding_code,
        source_code,
        {{ filled('country_code') }} as country_code,
        locator,
        {{ filled('printed_text') }} as printed_text,
        reading,
        rule,
        note,
        case when cell_file <> '' then {{ source_cell_id('cell_file', 'cell_row', 'cell_column') }} end as source_cell_id
    from source
)

select * from final
