-- Every figure that a source gives for a channel, and its share of all channels of that service and period.
with usage as (
    select * from {{ ref('fct_service_usage') }}
    where channel_code is not null
),

sums as (
    select * from {{ ref('int_usage_channels_summed') }}
),

countries as (
    select * from {{ ref('dim_countries') }}
),

services as (
    select * from {{ ref('dim_services') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

final as (
    select
        usage.service_usage_id,
        usage.country_code,
        countries.name_en as country_name_en,
        usage.service_code,
        services.name_en as service_name_en,
        usage.measure_code,
        usage.period_code,
        periods.year,
        usage.channel_code,
        channels.name_en as channel_name_en,
        channels.name_ru as channel_name_ru,
        channels.name_kk as channel_name_kk,
        channels.is_electronic,
        channels.is_online,
        usage.usage_count,
        usage.obs_status_code,
        case
            when sums.channels_missing = 0
                then {{ quotient('usage.usage_count * 100', 'sums.usage_all', 2) }}
        end as share_of_channels,
        usage.source_code
    from usage
    inner join sums
        on
            usage.source_code = sums.source_code
            and usage.country_code = sums.country_code
            and usage.service_code = sums.service_code
            and usage.measure_code = sums.measure_code
            and usage.period_code = sums.period_code
    inner join countries
        on usage.country_code = countries.country_code
    inner join services
        on usage.service_code = services.service_code
    inner join channels
        on usage.channel_code = channels.channel_code
    inner join periods
        on usage.period_code = periods.period_code
)

select * from final
order by service_usage_id
