with source as (
    select * from {{ ref('stg_codes__countries') }}
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
        is_un_member,
        is_landlocked,
        is_lldc,
        is_ldc,
        is_sids
    from source
)

select * from final
