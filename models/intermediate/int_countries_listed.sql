-- Member states of the UN, and every other economy that has a figure of an index or of the use of a service. A
-- country is on a list if it has joined and not left.
with countries as (
    select * from {{ ref('stg_codes__countries') }}
),

observed as (
    select country_code from {{ ref('int_index_observations_unioned') }}
    union
    select country_code from {{ ref('int_usage_vintages_ordered') }}
),

lists as (
    select
        country_code,
        max(case when group_code = 'lldc' then 1 else 0 end) = 1 as is_lldc,
        max(case when group_code = 'ldc' then 1 else 0 end) = 1 as is_ldc,
        max(case when group_code = 'sids' then 1 else 0 end) = 1 as is_sids
    from {{ ref('int_country_lists_dated') }}
    where valid_to is null
    group by country_code
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
        coalesce(lists.is_lldc, false) as is_lldc,
        coalesce(lists.is_ldc, false) as is_ldc,
        coalesce(lists.is_sids, false) as is_sids
    from countries
    left join observed
        on countries.country_code = observed.country_code
    left join lists
        on countries.country_code = lists.country_code
    where countries.is_un_member or observed.country_code is not null
)

select * from final
