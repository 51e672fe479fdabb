with source as (
    select * from {{ source('codes', 'services') }}
),

final as (
    select
        service_code,
        name_en,
        name_ru,
        name_kk,
        category
    from source
)

select * from final
