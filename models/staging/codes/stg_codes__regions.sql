with source as (
    select * from {{ source('codes', 'regions') }}
),

final as (
    select
        region_code,
        country_code,
        name_en,
        name_ru,
        name_kk,
        try_cast({{ filled('valid_from') }} as date) as valid_from,
        try_cast({{ filled('valid_to') }} as date) as valid_to,
        {{ filled('note') }} as note
    from source
)

select * from final
