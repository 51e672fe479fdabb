-- A finding quotes the cell that it is about. If the cell's text changes, the finding must be reviewed.
select
    findings.finding_code,
    findings.printed_text as quoted,
    cells.cell_text
from (
    select
        finding_code,
        source_cell_id,
        printed_text
    from {{ ref('stg_article__discrepancies') }}
    union all
    select
        finding_code,
        source_cell_id,
        printed_text
    from {{ ref('stg_codes__noted_discrepancies') }}
) as findings
left join {{ ref('stg_datapackage__cells') }} as cells
    on findings.source_cell_id = cells.source_cell_id
where
    findings.source_cell_id is not null
    and coalesce(findings.printed_text, '') is distinct from cells.cell_text
