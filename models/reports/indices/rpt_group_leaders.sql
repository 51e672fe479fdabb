-- Who leads each group of states in each edition of the EGDI, who follows, and where Kazakhstan stands in it.
with profiles as (
    select * from {{ ref('rpt_country_profile') }}
    where egdi is not null
),

memberships as (
    select * from {{ ref('int_state_groups_listed') }}
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
