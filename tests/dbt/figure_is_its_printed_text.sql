-- Every figure of a fact equals the text of its cell, parsed here in a different way than in staging: a value as the number, a
-- rank as the digits that the cell starts with, a count as the digits in order. A figure is missing only if its cell holds
-- none.
with cells as (
    select * from {{ ref('dim_source_cells') }}
),

index_figures as (
    select
        observations.*,
        cells.printed_text,
        rank_cells.printed_text as printed_rank,
        try_cast(
            replace(regexp_extract(cells.printed_text, '(-?[0-9]+([.,][0-9]+)?([eE]-?[0-9]+)?)', 1), ',', '.') as {{ decimal_type() }}
        ) as printed_number
    from {{ ref('fct_index_observations') }} as observations
    left join cells
        on observations.source_cell_id = cells.source_cell_id
    left join cells as rank_cells
        on observations.rank_source_cell_id = rank_cells.source_cell_id
),

usage as (
    select
        service_usage.*,
        cells.printed_text
    from {{ ref('fct_service_usage') }} as service_usage
    left join cells
        on service_usage.source_cell_id = cells.source_cell_id
)

select
    'value' as figure,
    index_observation_id as figure_id,
    cast(value as string) as held,
    printed_text
from index_figures
where
    (value is not null and value is distinct from printed_number)
    -- a rank without a value refers to the rank's cell; a zero that means "not assessed" has its own status
    or (value is null and printed_number is not null and obs_status_code = 'O' and source_cell_id is distinct from rank_source_cell_id)
union all
select
    'rank' as figure,
    index_observation_id as figure_id,
    cast(published_rank as string) as held,
    printed_rank as printed_text
from index_figures
where published_rank is distinct from try_cast(regexp_extract(printed_rank, '^([0-9]+)', 1) as integer)
union all
select
    'count' as figure,
    service_usage_id as figure_id,
    cast(usage_count as string) as held,
    printed_text
from usage
where
    case
        -- a zero that stands for an unknown figure
        when obs_status_code = 'U' then usage_count is not null or printed_text <> '0'
        when usage_count is null then coalesce(regexp_extract(printed_text, '([0-9])', 1), '0') <> ''
        else cast(usage_count as string) is distinct from replace(translate(regexp_replace(printed_text, '[.]0$', ''), ',.', '  '), ' ', '')
    end
