-- Use of services per month, so that a full year can be compared with a single month. If the printed period is doubtful, the
-- likely period is used.
with usage as (
    select * from {{ ref('int_service_usage_periods_judged') }}
),

grains as (
    select * from {{ ref('stg_codes__period_grains') }}
),

read as (
    select
        *,
        coalesce(likely_period_code, period_code) as read_period_code
    from usage
),

final as (
    select
        read.service_usage_id,
        read.country_code,
        read.service_code,
        read.period_code as printed_period_code,
        read.read_period_code as period_code,
        read.likely_period_code is not null as is_read_otherwise,
        grains.grain,
        read.measure_code,
        read.channel_code,
        read.agency_code,
        read.usage_count,
        read.value_qualifier,
        read.source_code,
        {{ quotient('read.usage_count', 'grains.months', 1) }} as usage_per_month
    from read
    inner join grains
        on {{ period_grain('read.read_period_code') }} = grains.grain
)

select * from final
