-- Member states of the UN, and every further economy that a figure is about.
with countries as (
    select * from {{ ref('stg_codes__countries') }}
),

observed as (
    select distinct country_code from {{ ref('int_index_observations_unioned') }}
),

final as (
    select
        countries.country_code,
        countries.country_iso2,
        countries.m49_code,
        countries.name_en,
        countries.name_ru,
        countries.name_kk,
        countries.region_name,
        countries.subregion_name,
        countries.is_un_member,
        countries.is_landlocked,
        countries.is_lldc,
        countries.is_ldc,
        countries.is_sids
    from countries
    left join observed
        on countries.country_code = observed.country_code
    where countries.is_un_member or observed.country_code is not null
)

select * from final
