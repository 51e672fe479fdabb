with files as (
    {{
        union_layout(
            'figures',
            [
                'country_code', 'indicator_code', 'published_code', 'period', 'value', 'rank', 'percentile_rank', 'standard_error',
                'number_of_sources', 'note',
            ]
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
        {{ filled('country_code') }} as country_code,
        indicator_code,
        published_code,
        period as period_code,
        {{ parse_decimal('value') }} as value,
        {{ parse_rank('rank') }} as published_rank,
        {{ parse_decimal('percentile_rank') }} as percentile_rank,
        {{ parse_decimal('standard_error') }} as standard_error,
        {{ parse_decimal('number_of_sources') }} as number_of_sources,
        {{ filled('note') }} as note
    from files
)

select * from final
