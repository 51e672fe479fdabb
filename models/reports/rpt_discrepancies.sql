-- Where the sources misprint, contradict themselves or leave a doubt, and how the warehouse reads them. Most findings
-- were made while transcribing; the doubtful periods follow from the figures.
with transcribed as (
    select * from {{ ref('stg_article__discrepancies') }}
),

usage as (
    select * from {{ ref('fct_service_usage') }}
),

cells as (
    select * from {{ ref('dim_source_cells') }}
),

doubtful_periods as (
    select
        concat('period_of_', replace(usage.service_usage_id, '.', '_')) as finding_code,
        usage.source_code,
        cells.locator,
        cells.printed_text,
        usage.likely_period_code as reading,
        'A year for which Table 3 has only one month is read as that month' as rule,
        concat(
            'The sentence prints the year ', usage.period_code, '; of that year Table 3 has only ',
            usage.likely_period_code, ', and the figures of a month are of this size.'
        ) as note,
        usage.source_cell_id
    from usage
    inner join cells
        on usage.source_cell_id = cells.source_cell_id
    where usage.likely_period_code is not null
),

final as (
    select
        finding_code,
        'sabdenov_abdrakhmanova' as source_code,
        locator,
        printed_text,
        reading,
        rule,
        note,
        source_cell_id
    from transcribed
    union all
    select * from doubtful_periods
)

select * from final
order by finding_code
