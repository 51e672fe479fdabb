-- Which state is in which group: the world, its region, and the groups of today's flags.
with countries as (
    select * from {{ ref('stg_codes__countries') }}
),

final as (
    select
        country_code,
        'world' as group_code,
        'World' as group_name
    from countries
    union all
    select
        country_code,
        lower(region_name) as group_code,
        region_name as group_name
    from countries
    where region_name is not null
    union all
    select
        country_code,
        'central_asia' as group_code,
        'Central Asia' as group_name
    from countries
    where subregion_name = 'Central Asia'
    union all
    select
        country_code,
        'landlocked' as group_code,
        'Landlocked states' as group_name
    from countries
    where is_landlocked
    union all
    select
        country_code,
        'lldc' as group_code,
        'Landlocked developing countries' as group_name
    from countries
    where is_lldc
    union all
    select
        country_code,
        'ldc' as group_code,
        'Least developed countries' as group_name
    from countries
    where is_ldc
    union all
    select
        country_code,
        'sids' as group_code,
        'Small island developing states' as group_name
    from countries
    where is_sids
)

select * from final
