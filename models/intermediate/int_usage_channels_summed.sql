-- The channels of a service in one period, added up, beside the total that the source prints. A channel whose figure is not known
-- is missing; one that the source does not list at all is absent.
with usage as (
    select * from {{ ref('int_service_usage_periods_judged') }}
),

channels as (
    select * from {{ ref('stg_codes__channels') }}
),

-- how many channels a source tells apart for the uses that it counts
offered as (
    select
        source_code,
        measure_code,
        count(distinct channel_code) as channels_of_source
    from usage
    where channel_code is not null
    group by source_code, measure_code
),

summed as (
    select
        usage.source_code,
        usage.country_code,
        usage.service_code,
        usage.measure_code,
        usage.period_code,
        cast(count(usage.usage_count) as integer) as channels_known,
        cast(count(*) - count(usage.usage_count) as integer) as channels_missing,
        cast(sum(usage.usage_count) as bigint) as usage_all,
        cast(sum(case when channels.is_online then usage.usage_count else 0 end) as bigint) as usage_online,
        cast(sum(case when channels.is_electronic then usage.usage_count else 0 end) as bigint) as usage_electronic,
        cast(sum(case when channels.is_electronic is null then usage.usage_count else 0 end) as bigint) as usage_other
    from usage
    inner join channels
        on usage.channel_code = channels.channel_code
    group by usage.source_code, usage.country_code, usage.service_code, usage.measure_code, usage.period_code
),

totals as (
    select * from usage
    where channel_code is null
),

final as (
    select
        summed.*,
        cast(offered.channels_of_source - summed.channels_known - summed.channels_missing as integer) as channels_absent,
        totals.usage_count as printed_total,
        totals.service_usage_id as total_usage_id
    from summed
    inner join offered
        on summed.source_code = offered.source_code and summed.measure_code = offered.measure_code
    left join totals
        on
            summed.source_code = totals.source_code
            and summed.country_code = totals.country_code
            and summed.service_code = totals.service_code
            and summed.measure_code = totals.measure_code
            and summed.period_code = totals.period_code
)

select * from final
