with source as (
    select * from {{ source('codes', 'countries') }}
),

final as (
    select
        raw_row,
        country_code,
        {{ filled('country_iso2') }} as country_iso2,
        {{ filled('m49_code') }} as m49_code,
        name_en,
        name_ru,
        name_kk,
        {{ filled('region_name') }} as region_name,
        {{ filled('subregion_name') }} as subregion_name,
        cast(is_un_member as boolean) as is_un_member,
        cast({{ filled('is_landlocked') }} as boolean) as is_landlocked,
        cast(is_lldc as boolean) as is_lldc,
        cast(is_ldc as boolean) as is_ldc,
        cast(is_sids as boolean) as is_sids
    from source
)

select * from final
