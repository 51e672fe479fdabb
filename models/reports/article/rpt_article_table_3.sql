-- Table 3 as printed, rebuilt from the facts. An empty figure is one that the source marks as missing.
with usage as (
    select * from {{ ref('fct_service_usage') }}
    where source_code = 'sabdenov_abdrakhmanova'
),

cells as (
    select * from {{ ref('dim_source_cells') }}
    where raw_file = 'article/table_3.csv'
),

name_cells as (
    select * from cells
    where raw_column = 'service'
),

final as (
    select
        name_cells.raw_row as row_number,
        max(name_cells.printed_text) as name_of_the_public_service,
        max(case when usage.period_code = '2017' then usage.usage_count end) as usage_2017,
        max(case when usage.period_code = '2018' then usage.usage_count end) as usage_2018,
        max(case when usage.period_code = '2019-01' then usage.usage_count end) as usage_2019_01,
        max(case when usage.period_code = '2020-01' then usage.usage_count end) as usage_2020_01,
        max(case when usage.period_code = '2021-01' then usage.usage_count end) as usage_2021_01
    from usage
    inner join cells
        on usage.source_cell_id = cells.source_cell_id
    inner join name_cells
        on cells.raw_row = name_cells.raw_row
    group by name_cells.raw_row
)

select * from final
order by row_number
