-- Who leads each group of states in each edition of the EGDI, who is second, and which place Kazakhstan has. States with equal
-- values share a place, and the next place is left out. The groups of the article are left out: it chose their members by these
-- same figures.
with profiles as (
    select * from {{ ref('rpt_country_profile') }}
    where egdi is not null
),

memberships as (
    select * from {{ ref('bridge_country_groups') }}
),

country_groups as (
    select * from {{ ref('dim_country_groups') }}
    where group_type <> 'article'
),

placed as (
    select
        country_groups.group_code,
        country_groups.name_en as group_name,
        profiles.period_code,
        profiles.country_code,
        profiles.country_name,
        profiles.egdi,
        rank() over (partition by country_groups.group_code, profiles.period_code order by profiles.egdi desc) as place
    from profiles
    inner join memberships
        on profiles.country_code = memberships.country_code and profiles.period_code = memberships.period_code
    inner join country_groups
        on memberships.group_code = country_groups.group_code
),

final as (
    select
        group_code,
        group_name,
        period_code,
        cast(count(*) as integer) as states_assessed,
        case when sum(case when place = 1 then 1 else 0 end) = 1 then max(case when place = 1 then country_code end) end as leader_code,
        {{ join_text("case when place = 1 then country_name end", ', ', 'country_code') }} as leader_name,
        max(case when place = 1 then egdi end) as leader_egdi,
        case
            when sum(case when place = 2 then 1 else 0 end) = 1 then max(case when place = 2 then country_code end)
        end as runner_up_code,
        {{ join_text("case when place = 2 then country_name end", ', ', 'country_code') }} as runner_up_name,
        max(case when place = 2 then egdi end) as runner_up_egdi,
        cast(max(case when country_code = 'KAZ' then place end) as integer) as kazakhstan_place,
        max(case when country_code = 'KAZ' then egdi end) as kazakhstan_egdi
    from placed
    group by group_code, group_name, period_code
)

select * from final
order by group_code, period_code
