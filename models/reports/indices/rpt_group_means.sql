-- The mean of each group of states in each edition of the UN survey, part by part, next to Kazakhstan's figure. The groups of
-- the article are left out: it chose their members by these same figures.
with index_values as (
    select * from {{ ref('fct_index_values') }}
    where indicator_code in ('EGDI', 'OSI', 'TII', 'HCI', 'EPI') and value is not null
),

memberships as (
    select * from {{ ref('bridge_country_groups') }}
),

country_groups as (
    select * from {{ ref('dim_country_groups') }}
    where group_type <> 'article'
),

final as (
    select
        country_groups.group_code,
        country_groups.name_en as group_name,
        index_values.indicator_code,
        index_values.period_code,
        cast(count(*) as integer) as states_assessed,
        {{ mean('index_values.value') }} as mean_value,
        max(case when index_values.country_code = 'KAZ' then index_values.value end) as kazakhstan_value
    from index_values
    inner join memberships
        on index_values.country_code = memberships.country_code and index_values.period_code = memberships.period_code
    inner join country_groups
        on memberships.group_code = country_groups.group_code
    group by
        country_groups.group_code,
        country_groups.name_en,
        index_values.indicator_code,
        index_values.period_code
)

select * from final
order by group_code, indicator_code, period_code
