with source as (
    select * from {{ source('codes', 'usage_measures') }}
),

final as (
    select
        measure_code,
        name_en,
        definition,
        {{ filled('total_measure_code') }} as total_measure_code
    from source
)

select * from final
