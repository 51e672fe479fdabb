-- Every cell that holds a figure of the article's tables or of its prose on services is the source of exactly one row of a
-- fact.
with figure_cells as (
    select source_cell_id
    from {{ ref('dim_source_cells') }}
    where
        (raw_file = 'article/table_1.csv' and raw_column in ('rank', 'egdi_2020', 'osi', 'tii', 'hci'))
        or (raw_file = 'article/table_3.csv' and raw_column like 'usage_%')
        or (raw_file = 'article/prose_usage_figures.csv' and raw_column = 'printed_text')
),

uses as (
    select source_cell_id from {{ ref('fct_index_observations') }}
    where value is not null
    union all
    select rank_source_cell_id as source_cell_id from {{ ref('fct_index_observations') }}
    union all
    select source_cell_id from {{ ref('fct_service_usage') }}
)

select
    figure_cells.source_cell_id,
    count(uses.source_cell_id) as used
from figure_cells
left join uses
    on figure_cells.source_cell_id = uses.source_cell_id
group by figure_cells.source_cell_id
having count(uses.source_cell_id) <> 1
