with files as (
    {{
        union_layout(
            'breakdowns',
            ['country_code', 'indicator_code', 'region_code', 'sex_code', 'age_code', 'settlement_code', 'period', 'value']
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
        indicator_code,
        {{ filled('region_code') }} as region_code,
        {{ filled('sex_code') }} as sex_code,
        {{ filled('age_code') }} as age_code,
        {{ filled('settlement_code') }} as settlement_code,
        period as period_code,
        {{ parse_decimal('value') }} as value,
        {{ source_cell_id('raw_file', 'raw_row', "'value'") }} as source_cell_id
    from files
)

select * from final
