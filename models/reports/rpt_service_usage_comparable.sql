-- Use of services per month, so that a full year can be laid beside a single month: over the likely period where the
-- printed one is doubtful.
with usage as (
    select * from {{ ref('fct_service_usage') }}
),

services as (
    select * from {{ ref('dim_services') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

grains as (
    select * from {{ ref('stg_codes__period_grains') }}
),

final as (
    select
        usage.service_usage_id,
        usage.service_code,
        services.name_en as service_name,
        coalesce(usage.likely_period_code, usage.period_code) as period_code,
        periods.grain,
        usage.measure_code,
        usage.usage_count,
        usage.value_qualifier,
        cast(round(cast(usage.usage_count as decimal(18, 4)) / grains.months, 1) as decimal(18, 1)) as usage_per_month,
        case
            when usage.usage_count is null
                then 'The source marks the figure as missing.'
            when usage.likely_period_code is not null
                then concat('Printed for ', usage.period_code, ', read as ', usage.likely_period_code, ': see rpt_discrepancies.')
            when periods.year is null
                then 'The month is not stated; at least this many.'
            when periods.grain = 'year'
                then 'A full year: per month it is the mean of twelve months, seasons levelled out.'
            else 'A single month: it carries its season.'
        end as comparability_note
    from usage
    inner join services
        on usage.service_code = services.service_code
    inner join periods
        on coalesce(usage.likely_period_code, usage.period_code) = periods.period_code
    inner join grains
        on periods.grain = grains.grain
)

select * from final
order by service_code, period_code
