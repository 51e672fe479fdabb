-- The mean of each group of states in each edition of the UN survey, part by part, beside the figure of Kazakhstan.
with index_values as (
    select * from {{ ref('fct_index_values') }}
    where indicator_code in ('EGDI', 'OSI', 'TII', 'HCI', 'EPI') and value is not null
),

memberships as (
    select * from {{ ref('int_state_groups_listed') }}
),

final as (
    select
        memberships.group_code,
        memberships.group_name,
        index_values.indicator_code,
        index_values.period_code,
        cast(count(*) as integer) as states_assessed,
        cast(avg(index_values.value) as {{ decimal_type() }}) as mean_value,
        max(case when index_values.country_code = 'KAZ' then index_values.value end) as kazakhstan_value
    from memberships
    inner join index_values
        on memberships.country_code = index_values.country_code
    group by
        memberships.group_code,
        memberships.group_name,
        index_values.indicator_code,
        index_values.period_code
)

select * from final
order by group_code, indicator_code, period_code
