-- One row per member state and edition of the UN survey, with the figures that the state is compared with.
with index_values as (
    select * from {{ ref('fct_index_values') }}
    where source_code = 'un_egov_survey'
),

countries as (
    select * from {{ ref('dim_countries') }}
),

memberships as (
    select
        memberships.country_code,
        memberships.period_code,
        memberships.group_code,
        country_groups.group_type
    from {{ ref('bridge_country_groups') }} as memberships
    inner join {{ ref('dim_country_groups') }} as country_groups
        on memberships.group_code = country_groups.group_code
    where country_groups.group_type <> 'article'
),

levels as (
    select * from {{ ref('dim_levels') }}
),

editions as (
    select * from {{ ref('dim_indicator_editions') }}
    where indicator_code = 'EGDI'
),

wide as (
    select
        index_values.country_code,
        index_values.period_code,
        countries.name_en as country_name,
        countries.region_name,
        max(case when index_values.indicator_code = 'EGDI' then index_values.value end) as egdi,
        max(case when index_values.indicator_code = 'EGDI' then index_values.published_rank end) as published_rank,
        max(case when index_values.indicator_code = 'EGDI' then index_values.level_code end) as level_code,
        max(case when index_values.indicator_code = 'EGDI' then index_values.rating_class_code end) as rating_class_code,
        max(case when index_values.indicator_code = 'OSI' then index_values.value end) as osi,
        max(case when index_values.indicator_code = 'TII' then index_values.value end) as tii,
        max(case when index_values.indicator_code = 'HCI' then index_values.value end) as hci,
        max(case when index_values.indicator_code = 'EPI' then index_values.value end) as epi
    from index_values
    inner join countries
        on index_values.country_code = countries.country_code
    group by
        index_values.country_code,
        index_values.period_code,
        countries.name_en,
        countries.region_name
),

-- one row per state and group that it belongs to
grouped as (
    select
        wide.country_code,
        wide.period_code,
        wide.egdi,
        memberships.group_code,
        memberships.group_type,
        case
            when wide.egdi is not null
                then cast(rank() over (partition by wide.period_code, memberships.group_code order by wide.egdi desc nulls last) as integer)
        end as place
    from wide
    inner join memberships
        on wide.country_code = memberships.country_code and wide.period_code = memberships.period_code
),

group_figures as (
    select
        period_code,
        group_code,
        cast(count(egdi) as integer) as states_assessed,
        {{ mean('egdi') }} as mean,
        {{ median('egdi') }} as median
    from grouped
    group by period_code, group_code
),

places as (
    select
        country_code,
        period_code,
        max(case when group_type = 'region' then group_code end) as region_code,
        max(case when group_type = 'region' then place end) as rank_in_region,
        max(case when group_code = 'landlocked' then place end) as rank_among_landlocked,
        max(case when group_code = 'lldc' then place end) as rank_among_lldc,
        max(case when group_code = 'central_asia' then place end) as rank_in_central_asia
    from grouped
    group by country_code, period_code
),

changed as (
    select
        *,
        {%- for column in ['egdi', 'osi', 'tii', 'hci', 'epi'] %}
        {{ column }} - lag({{ column }}) over (partition by country_code order by period_code) as {{ column }}_change,
        {%- endfor %}
        lag(published_rank) over (partition by country_code order by period_code) - published_rank as places_gained
    from wide
),

final as (
    select
        changed.country_code,
        changed.country_name,
        changed.period_code,
        changed.egdi,
        -- all states that were not assessed share the last rank, which does not say how they compare
        case when changed.egdi is not null then changed.published_rank end as rank,
        world.states_assessed,
        changed.level_code,
        levels.name_en as level_name,
        changed.rating_class_code,
        changed.osi,
        changed.tii,
        changed.hci,
        changed.epi,
        {%- for column in ['egdi', 'osi', 'tii', 'hci', 'epi'] %}
        cast(changed.{{ column }}_change as {{ decimal_type() }}) as {{ column }}_change,
        {%- endfor %}
        case when changed.egdi is not null and changed.egdi_change is not null then changed.places_gained end as places_gained,
        changed.region_name,
        region.mean as region_mean,
        region.median as region_median,
        world.mean as world_mean,
        world.median as world_median,
        places.rank_in_region,
        places.rank_among_landlocked,
        places.rank_among_lldc,
        places.rank_in_central_asia,
        editions.is_comparable_with_previous,
        editions.comparability_note,
        editions.method_note
    from changed
    inner join places
        on changed.country_code = places.country_code and changed.period_code = places.period_code
    inner join group_figures as region
        on changed.period_code = region.period_code and places.region_code = region.group_code
    inner join group_figures as world
        on changed.period_code = world.period_code and world.group_code = 'world'
    inner join editions
        on changed.period_code = editions.period_code
    left join levels
        on changed.level_code = levels.level_code
)

select * from final
order by country_code, period_code
