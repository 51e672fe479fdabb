-- The count of a fact is made of the digits of its cell in their order; a missing count is a cell without digits.
select
    usage.service_usage_id,
    usage.usage_count,
    cells.printed_text
from {{ ref('fct_service_usage') }} as usage
left join {{ ref('dim_source_cells') }} as cells
    on usage.source_cell_id = cells.source_cell_id
where
    case
        when usage.usage_count is null then coalesce(regexp_extract(cells.printed_text, '([0-9])', 1), '0') <> ''
        else cast(usage.usage_count as string) is distinct from replace(translate(cells.printed_text, ',.', '  '), ' ', '')
    end
