-- The value of a fact is the number that stands in its cell, read here in another way than in staging.
with cells as (
    select
        source_cell_id,
        try_cast(
            replace(regexp_extract(printed_text, '([0-9]+([.,][0-9]+)?([eE]-?[0-9]+)?)', 1), ',', '.') as {{ decimal_type() }}
        ) as printed_number
    from {{ ref('dim_source_cells') }}
)

select
    observations.index_observation_id,
    observations.value,
    cells.printed_number
from {{ ref('fct_index_observations') }} as observations
left join cells
    on observations.source_cell_id = cells.source_cell_id
where observations.value is not null and observations.value is distinct from cells.printed_number
