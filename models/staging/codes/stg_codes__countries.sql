with source as (
    select * from {{ source('codes', 'countries') }}
),

final as (
    select
        country_code,
        country_iso2,
        m49_code,
        name_en,
        name_ru,
        name_kk,
        region_name,
        subregion_name,
        cast(is_un_member as boolean) as is_un_member,
        cast(is_landlocked as boolean) as is_landlocked,
        cast(is_lldc as boolean) as is_lldc,
        cast(is_ldc as boolean) as is_ldc,
        cast(is_sids as boolean) as is_sids
    from source
)

select * from final
