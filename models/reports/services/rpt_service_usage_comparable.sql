-- Use of services per month, so that a full year can be compared with a single month. If the printed period is doubtful, the
-- likely period is used. Only figures with the same comparison key count the same thing: no other two are like.
with per_month as (
    select * from {{ ref('int_service_usage_per_month') }}
),

services as (
    select * from {{ ref('dim_services') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

final as (
    select
        per_month.service_usage_id,
        concat_ws(
            '.', per_month.country_code, per_month.service_code, per_month.measure_code, coalesce(per_month.channel_code, 'all_channels'),
            per_month.agency_code, per_month.source_code
        ) as comparison_key,
        per_month.country_code,
        per_month.service_code,
        services.name_en as service_name,
        per_month.period_code,
        per_month.grain,
        per_month.measure_code,
        per_month.channel_code,
        per_month.agency_code,
        per_month.usage_count,
        per_month.value_qualifier,
        per_month.usage_per_month,
        case
            when per_month.usage_count is null
                then 'The source marks the figure as missing.'
            when per_month.is_read_otherwise
                then concat_ws('', 'Printed for ', per_month.printed_period_code, ', read as ', per_month.period_code, ': see rpt_discrepancies.')
            when per_month.grain = 'fiscal_year'
                then 'A fiscal year of known dates: per month it is the mean of twelve months.'
            when per_month.grain = 'reporting_year'
                then 'A fiscal year that ends in this year: its first day is not known, and differs from country to country.'
            when periods.year is null
                then 'The month is not stated; at least this many.'
            when per_month.grain = 'year'
                then 'A full year: per month it is the mean of twelve months, seasons levelled out.'
            else 'A single month: it carries its season.'
        end as comparability_note,
        per_month.source_code
    from per_month
    inner join services
        on per_month.service_code = services.service_code
    inner join periods
        on per_month.period_code = periods.period_code
)

select * from final
order by service_code, period_code, service_usage_id
