with source as (
    select * from {{ source('codes', 'services') }}
),

final as (
    select
        service_code,
        name_en,
        name_ru,
        name_kk,
        category,
        {{ filled('country_code') }} as country_code
    from source
)

select * from final
