-- The rank of a fact is the number that stands in its cell.
select
    observations.index_observation_id,
    observations.published_rank,
    cells.printed_text
from {{ ref('fct_index_observations') }} as observations
left join {{ ref('dim_source_cells') }} as cells
    on observations.rank_source_cell_id = cells.source_cell_id
where
    observations.published_rank is distinct from try_cast(regexp_extract(cells.printed_text, '^([0-9]+)', 1) as integer)
