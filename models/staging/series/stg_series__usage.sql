with files as (
    {{
        union_layout(
            'usage',
            [
                'country_code', 'country_name', 'service_code', 'measure_code', 'channel_code', 'agency_code', 'period', 'value',
                'note',
            ]
        )
    }}
),

final as (
    select
        source_code,
        series_code,
        raw_file,
        raw_row,
        revision,
        accessed_on,
        {{ filled('country_code') }} as country_code,
        {{ filled('country_name') }} as country_name,
        service_code,
        measure_code,
        {{ filled('channel_code') }} as channel_code,
        {{ filled('agency_code') }} as agency_code,
        period as period_code,
        -- some publishers print whole numbers with a decimal: 101.0
        {{ parse_count("regexp_replace(value, '[.]0$', '')") }} as usage_count,
        case trim(value) when 'D' then 'L' when 'N/A' then 'M' else 'O' end as missing_status_code,
        {{ filled('note') }} as note,
        {{ source_cell_id('raw_file', 'raw_row', "'value'") }} as source_cell_id
    from files
)

select * from final
