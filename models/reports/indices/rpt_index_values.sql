-- fct_index_values with names, levels, groups and both ranks in one row, for queries without joins.
with index_values as (
    select * from {{ ref('fct_index_values') }}
),

countries as (
    select * from {{ ref('dim_countries') }}
),

indicators as (
    select * from {{ ref('dim_indicators') }}
),

levels as (
    select * from {{ ref('dim_levels') }}
),

sources as (
    select * from {{ ref('dim_sources') }}
),

-- who was in a group in the period of the figure
memberships as (
    select
        country_code,
        period_code,
        max(case when group_code = 'central_asia' then 1 else 0 end) = 1 as is_central_asia,
        max(case when group_code = 'landlocked' then 1 else 0 end) = 1 as is_landlocked,
        max(case when group_code = 'lldc' then 1 else 0 end) = 1 as is_lldc,
        max(case when group_code = 'ldc' then 1 else 0 end) = 1 as is_ldc,
        max(case when group_code = 'sids' then 1 else 0 end) = 1 as is_sids
    from {{ ref('bridge_country_groups') }}
    group by country_code, period_code
),

final as (
    select
        index_values.index_value_id,
        index_values.country_code,
        countries.name_en as country_name_en,
        countries.name_ru as country_name_ru,
        countries.name_kk as country_name_kk,
        countries.region_name,
        countries.subregion_name,
        countries.is_un_member,
        coalesce(memberships.is_central_asia, false) as is_central_asia,
        coalesce(memberships.is_landlocked, false) as is_landlocked,
        coalesce(memberships.is_lldc, false) as is_lldc,
        coalesce(memberships.is_ldc, false) as is_ldc,
        coalesce(memberships.is_sids, false) as is_sids,
        index_values.indicator_code,
        indicators.name_en as indicator_name_en,
        indicators.name_ru as indicator_name_ru,
        indicators.name_kk as indicator_name_kk,
        indicators.unit_code,
        index_values.period_code,
        index_values.value,
        index_values.published_rank,
        case
            when index_values.value is not null
                then cast(
                    rank() over (
                        partition by index_values.indicator_code, index_values.period_code
                        order by case when indicators.higher_is_better then -index_values.value else index_values.value end asc nulls last
                    ) as integer
                )
        end as rank_by_value,
        index_values.countries_ranked,
        index_values.level_code,
        levels.name_en as level_name_en,
        index_values.obs_status_code,
        index_values.source_code,
        sources.title as source_title,
        sources.publisher,
        index_values.source_cell_id
    from index_values
    inner join countries
        on index_values.country_code = countries.country_code
    inner join indicators
        on index_values.indicator_code = indicators.indicator_code
    inner join sources
        on index_values.source_code = sources.source_code
    left join levels
        on index_values.level_code = levels.level_code
    left join memberships
        on index_values.country_code = memberships.country_code and index_values.period_code = memberships.period_code
)

select * from final
order by indicator_code, period_code, country_code
