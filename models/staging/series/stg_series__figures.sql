with files as (
    {{ union_layout('figures', ['country_code', 'indicator_code', 'published_code', 'period', 'value', 'note']) }}
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
        {{ filled('note') }} as note
    from files
)

select * from final
