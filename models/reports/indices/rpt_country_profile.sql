-- A row per member state and edition of the UN survey, with what it is measured against.
{% set places = {
    'rank_in_region': ('region_name', 'true'),
    'rank_among_landlocked': ('is_landlocked', 'is_landlocked'),
    'rank_among_lldc': ('is_lldc', 'is_lldc'),
    'rank_in_central_asia': ('subregion_name', "subregion_name = 'Central Asia'"),
} %}

with index_values as (
    select * from {{ ref('fct_index_values') }}
    where source_code = 'un_egov_survey'
),

countries as (
    select * from {{ ref('dim_countries') }}
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
        countries.subregion_name,
        countries.is_landlocked,
        countries.is_lldc,
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
        countries.region_name,
        countries.subregion_name,
        countries.is_landlocked,
        countries.is_lldc
),

regions as (
    select
        period_code,
        region_name,
        cast(avg(egdi) as {{ decimal_type() }}) as mean,
        cast(median(egdi) as {{ decimal_type() }}) as median
    from wide
    group by period_code, region_name
),

world as (
    select
        period_code,
        cast(count(egdi) as integer) as states_assessed,
        cast(avg(egdi) as {{ decimal_type() }}) as mean,
        cast(median(egdi) as {{ decimal_type() }}) as median
    from wide
    group by period_code
),

placed as (
    select
        *,
        {%- for column in ['egdi', 'osi', 'tii', 'hci', 'epi'] %}
        {{ column }} - lag({{ column }}) over (partition by country_code order by period_code) as {{ column }}_change,
        {%- endfor %}
        lag(published_rank) over (partition by country_code order by period_code) - published_rank as places_gained,
    {%- for place, (group, member) in places.items() %}
    case
        when egdi is not null and {{ member }}
            then cast(rank() over (partition by period_code, {{ group }} order by egdi desc nulls last) as integer)
    end as {{ place }}{{ ',' if not loop.last }}
    {%- endfor %}
    from wide
),

final as (
    select
        placed.country_code,
        placed.country_name,
        placed.period_code,
        placed.egdi,
        -- a state that was not assessed shares one last rank with all others like it, which is no place
        case when placed.egdi is not null then placed.published_rank end as rank,
        world.states_assessed,
        placed.level_code,
        levels.name_en as level_name,
        placed.rating_class_code,
        placed.osi,
        placed.tii,
        placed.hci,
        placed.epi,
        {%- for column in ['egdi', 'osi', 'tii', 'hci', 'epi'] %}
        cast(placed.{{ column }}_change as {{ decimal_type() }}) as {{ column }}_change,
        {%- endfor %}
        case when placed.egdi is not null and placed.egdi_change is not null then placed.places_gained end as places_gained,
        placed.region_name,
        regions.mean as region_mean,
        regions.median as region_median,
        world.mean as world_mean,
        world.median as world_median,
        placed.rank_in_region,
        placed.rank_among_landlocked,
        placed.rank_among_lldc,
        placed.rank_in_central_asia,
        editions.is_comparable_with_previous,
        editions.method_note
    from placed
    inner join regions
        on placed.period_code = regions.period_code and placed.region_name = regions.region_name
    inner join world
        on placed.period_code = world.period_code
    inner join editions
        on placed.period_code = editions.period_code
    left join levels
        on placed.level_code = levels.level_code
)

select * from final
order by country_code, period_code
