-- Kazakhstan beside its neighbours and beside the world: the online share of services that one source counts in many countries, by
-- group of countries. A group is taken as it was in the year of the figure, or in the last year before it that is held.
{% set home = 'KAZ' %}

with shares as (
    select * from {{ ref('rpt_online_share') }}
    where online_share is not null
),

groups as (
    select * from {{ ref('dim_country_groups') }}
),

memberships as (
    select * from {{ ref('bridge_country_groups') }}
),

share_years as (
    select distinct year from shares
),

membership_periods as (
    select distinct
        group_code,
        period_code
    from memberships
),

years as (
    select
        share_years.year,
        membership_periods.group_code,
        max(membership_periods.period_code) as membership_period
    from share_years
    inner join membership_periods
        on cast(membership_periods.period_code as integer) <= share_years.year
    group by share_years.year, membership_periods.group_code
),

in_groups as (
    select
        memberships.group_code,
        shares.source_code,
        shares.service_code,
        shares.service_name_en,
        shares.measure_code,
        shares.period_code,
        shares.year,
        shares.country_code,
        shares.online_share,
        rank() over (
            partition by memberships.group_code, shares.source_code, shares.service_code, shares.measure_code, shares.period_code
            order by shares.online_share desc
        ) as place
    from shares
    inner join years
        on shares.year = years.year
    inner join memberships
        on
            shares.country_code = memberships.country_code
            and years.group_code = memberships.group_code
            and years.membership_period = memberships.period_code
),

final as (
    select
        in_groups.source_code,
        in_groups.service_code,
        in_groups.service_name_en,
        in_groups.measure_code,
        in_groups.period_code,
        in_groups.year,
        in_groups.group_code,
        groups.name_en as group_name_en,
        cast(count(*) as integer) as countries,
        min(in_groups.online_share) as lowest_share,
        {{ median('in_groups.online_share', 2) }} as median_share,
        max(in_groups.online_share) as highest_share,
        max(case when in_groups.country_code = '{{ home }}' then in_groups.online_share end) as kazakhstan_share,
        cast(max(case when in_groups.country_code = '{{ home }}' then in_groups.place end) as integer) as kazakhstan_place
    from in_groups
    inner join groups
        on in_groups.group_code = groups.group_code
    group by
        in_groups.source_code, in_groups.service_code, in_groups.service_name_en, in_groups.measure_code, in_groups.period_code,
        in_groups.year, in_groups.group_code, groups.name_en
    having count(*) > 1
)

select * from final
order by source_code, service_code, measure_code, period_code, group_code
