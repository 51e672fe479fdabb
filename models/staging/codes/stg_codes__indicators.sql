with source as (
    select * from {{ source('codes', 'indicators') }}
),

final as (
    select
        indicator_code,
        name_en,
        name_ru,
        name_kk,
        definition,
        unit_code,
        cast({{ filled('minimum_value') }} as {{ decimal_type() }}) as minimum_value,
        cast({{ filled('maximum_value') }} as {{ decimal_type() }}) as maximum_value,
        cast(higher_is_better as boolean) as higher_is_better,
        {{ filled('parent_indicator_code') }} as parent_indicator_code,
        publisher
    from source
)

select * from final
