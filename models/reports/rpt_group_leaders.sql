-- Who leads each group of states in each edition of the EGDI, who follows, and where Kazakhstan stands in it.
with profiles as (
    select * from {{ ref('rpt_country_profile') }}
    where egdi is not null
),

countries as (
    select * from {{ ref('dim_countries') }}
),

memberships as (
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
),

placed as (
    select
        memberships.group_code,
        memberships.group_name,
        profiles.period_code,
        profiles.country_code,
        profiles.country_name,
        profiles.egdi,
        row_number() over (
            partition by memberships.group_code, profiles.period_code
            order by profiles.egdi desc, profiles.rank asc, profiles.country_code asc
        ) as place
    from memberships
    inner join profiles
        on memberships.country_code = profiles.country_code
),

final as (
    select
        group_code,
        group_name,
        period_code,
        cast(count(*) as integer) as states_assessed,
        max(case when place = 1 then country_code end) as leader_code,
        max(case when place = 1 then country_name end) as leader_name,
        max(case when place = 1 then egdi end) as leader_egdi,
        max(case when place = 2 then country_code end) as runner_up_code,
        max(case when place = 2 then country_name end) as runner_up_name,
        max(case when place = 2 then egdi end) as runner_up_egdi,
        cast(max(case when country_code = 'KAZ' then place end) as integer) as kazakhstan_place,
        max(case when country_code = 'KAZ' then egdi end) as kazakhstan_egdi
    from placed
    group by group_code, group_name, period_code
)

select * from final
order by group_code, period_code
