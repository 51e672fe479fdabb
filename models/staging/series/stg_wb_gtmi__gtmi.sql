with editions as (
    {{ union_editions('wb_gtmi', ['country_code', 'year', 'grp', 'gtmi', 'cgsi', 'psdi', 'dcei', 'gtei']) }}
),

final as (
    select
        raw_file,
        raw_row,
        revision,
        accessed_on,
        country_code,
        year as period_code,
        grp as gtmi_group,
        {{ parse_decimal('gtmi') }} as gtmi,
        {{ parse_decimal('cgsi') }} as cgsi,
        {{ parse_decimal('psdi') }} as psdi,
        {{ parse_decimal('dcei') }} as dcei,
        {{ parse_decimal('gtei') }} as gtei
    from editions
)

select * from final
