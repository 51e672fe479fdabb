with files as (
    {{ union_layout('gtmi', ['country_code', 'year', 'grp', 'gtmi', 'cgsi', 'psdi', 'dcei', 'gtei']) }}
),

final as (
    select
        source_code,
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
    from files
)

select * from final
