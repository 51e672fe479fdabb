with files as (
    {{
        union_layout(
            'usage',
            ['country_code', 'service_code', 'measure_code', 'channel_code', 'agency_code', 'period', 'value', 'note']
        )
    }}
),

final as (
    select
        source_code,
        raw_file,
        raw_row,
        revision,
        accessed_on,
        country_code,
        service_code,
        measure_code,
        {{ filled('channel_code') }} as channel_code,
        {{ filled('agency_code') }} as agency_code,
        period as period_code,
        {{ parse_count('value') }} as usage_count,
        {{ filled('note') }} as note,
        {{ source_cell_id('raw_file', 'raw_row', "'value'") }} as source_cell_id
    from files
)

select * from final
