with monthly as (
    select * from {{ ref('rpt_service_usage_monthly') }}
),

regions as (
    select * from {{ ref('dim_regions') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
),

by_channel as (
    select
        month,
        region_code,
        channel_code,
        sum(usage_count) as usage_count
    from monthly
    group by month, region_code, channel_code
),

services as (
    select
        month,
        region_code,
        count(distinct case when usage_count > 0 then service_code end) as services_used
    from monthly
    group by month, region_code
),

summed as (
    select
        by_channel.month,
        by_channel.region_code,
        cast(sum(by_channel.usage_count) as bigint) as usage_count,
        cast(sum(case when channels.is_online then by_channel.usage_count else 0 end) as bigint) as usage_online,
        cast(sum(case when channels.is_online is null then by_channel.usage_count else 0 end) as bigint) as usage_unknown
    from by_channel
    inner join channels
        on by_channel.channel_code = channels.channel_code
    group by by_channel.month, by_channel.region_code
),

final as (
    select
        summed.region_code,
        summed.month,
        regions.country_code,
        regions.name_en as region_name_en,
        regions.name_ru as region_name_ru,
        regions.name_kk as region_name_kk,
        cast(services.services_used as integer) as services_used,
        summed.usage_count,
        summed.usage_online,
        case
            when summed.usage_unknown = 0
                then cast(round(summed.usage_online * 100.0000 / nullif(summed.usage_count, 0), 2) as decimal(18, 2))
        end as online_share,
        cast(rank() over (partition by summed.month, regions.country_code order by summed.usage_count desc) as integer) as usage_rank
    from summed
    inner join regions
        on summed.region_code = regions.region_code
    inner join services
        on summed.month = services.month and summed.region_code = services.region_code
)

select * from final
order by region_code, month
