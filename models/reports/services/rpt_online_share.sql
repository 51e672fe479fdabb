-- How much of the use of a service is online: one row for each source, country, service, measure and period with channels. Parts of
-- another measure have no share of their own. A share is worked out only if every channel that the source lists has a figure, if
-- they add up to the total that is printed, and if less than half of the use is counted in a channel that does not say how it
-- travelled.
with sums as (
    select * from {{ ref('int_usage_channels_summed') }}
),

measures as (
    select * from {{ ref('dim_usage_measures') }}
),

countries as (
    select * from {{ ref('dim_countries') }}
),

services as (
    select * from {{ ref('dim_services') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

-- measures whose figures are counted again by their parts tell how fast a service was, not how it was used
divided as (
    select distinct total_measure_code as measure_code from measures
    where total_measure_code is not null
),

shared as (
    select
        *,
        channels_missing = 0
        and coalesce(printed_total, usage_all) = usage_all
        and usage_other * 2 < usage_all as is_shared
    from sums
),

final as (
    select
        sums.country_code,
        countries.name_en as country_name_en,
        sums.service_code,
        services.name_en as service_name_en,
        sums.measure_code,
        sums.period_code,
        periods.year,
        sums.usage_all,
        sums.usage_online,
        sums.usage_electronic,
        sums.usage_other,
        case
            when sums.is_shared
                then {{ quotient('sums.usage_online * 100', 'sums.usage_all', 2) }}
        end as online_share,
        case
            when sums.is_shared
                then {{ quotient('sums.usage_electronic * 100', 'sums.usage_all', 2) }}
        end as electronic_share,
        sums.channels_known,
        sums.channels_missing,
        sums.channels_absent,
        sums.printed_total,
        case
            when sums.channels_missing > 0
                then concat_ws('', 'Not worked out: ', sums.channels_missing, ' of ', sums.channels_known + sums.channels_missing, ' channels have no figure.')
            when sums.usage_all = 0 then 'Not worked out: every channel is printed as zero.'
            when sums.printed_total <> sums.usage_all
                then 'Not worked out: the channels do not add up to the printed total; see rpt_usage_totals.'
            when not sums.is_shared
                then 'Not worked out: at least half is counted in a channel that does not say whether it is online.'
            when sums.channels_absent > 0
                then concat_ws(
                    '',
                    'The source lists no figure for ', sums.channels_absent, ' of its channels: not offered, not counted or zero.'
                )
            else 'Every channel of the source has a figure.'
        end as note,
        sums.source_code
    from shared as sums
    inner join measures
        on sums.measure_code = measures.measure_code and measures.total_measure_code is null
    left join divided
        on sums.measure_code = divided.measure_code
    inner join countries
        on sums.country_code = countries.country_code
    inner join services
        on sums.service_code = services.service_code
    inner join periods
        on sums.period_code = periods.period_code
    where divided.measure_code is null
)

select * from final
order by source_code, country_code, service_code, measure_code, period_code
