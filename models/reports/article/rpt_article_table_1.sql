-- Table 1 as printed, rebuilt from the facts.
{% set article = 'sabdenov_abdrakhmanova' %}

with observations as (
    select * from {{ ref('fct_index_observations') }}
    where source_code = '{{ article }}'
),

memberships as (
    select * from {{ ref('bridge_country_groups') }}
    where group_code = 'central_asia'
),

cells as (
    select * from {{ ref('dim_source_cells') }}
    where source_code = '{{ article }}'
),

levels as (
    select * from {{ ref('dim_levels') }}
),

final as (
    select
        cells.raw_row as row_number,
        max(observations.published_rank) as rank,
        max(cells.printed_text) as country,
        concat_ws('', max(levels.name_en), ' EGDI') as egdi_level,
        max(observations.published_rating_class) as egdi_rating,
        cast(max(case when observations.indicator_code = 'EGDI' then observations.value end) as decimal(5, 4)) as egdi_2020,
        cast(max(case when observations.indicator_code = 'OSI' then observations.value end) as decimal(5, 4)) as online_service_index,
        cast(max(case when observations.indicator_code = 'TII' then observations.value end) as decimal(5, 4)) as telecommunication_infrastructure_index,
        cast(max(case when observations.indicator_code = 'HCI' then observations.value end) as decimal(5, 4)) as human_capital_index
    from memberships
    inner join cells
        on memberships.source_cell_id = cells.source_cell_id and cells.raw_file = 'article/table_1.csv'
    inner join observations
        on memberships.country_code = observations.country_code and memberships.period_code = observations.period_code
    left join levels
        on observations.published_level = levels.level_code
    group by cells.raw_row
)

select * from final
order by row_number
