with monthly as (
    select * from {{ ref('rpt_service_usage_monthly') }}
),

files as (
    select cast(concat_ws('', month, '-01') as date) as month_start from {{ ref('dim_feed_files') }}
),

regions as (
    select * from {{ ref('dim_regions') }}
),

usage as (
    select
        *,
        coalesce(likely_period_code, period_code) as read_period_code
    from {{ ref('fct_service_usage') }}
    where usage_count is not null
),

periods as (
    select
        *,
        (year(end_date) - year(start_date)) * 12 + month(end_date) - month(start_date) + 1 as months_in_period
    from {{ ref('dim_periods') }}
    where start_date is not null
),

fed as (
    select
        monthly.service_code,
        regions.country_code,
        monthly.channel_code,
        cast(concat_ws('', monthly.month, '-01') as date) as month_start,
        sum(monthly.usage_count) as usage_count
    from monthly
    inner join regions
        on monthly.region_code = regions.region_code
    group by monthly.service_code, regions.country_code, monthly.channel_code, monthly.month
),

logged_services as (
    select distinct
        service_code,
        country_code
    from fed
),

-- a month without a row of the service is still a month that the feed covers
covered as (
    select
        periods.period_code,
        count(*) as months_in_feed
    from periods
    inner join files
        on files.month_start between periods.start_date and periods.end_date
    group by periods.period_code
),

published as (
    select
        usage.*,
        periods.start_date,
        periods.end_date,
        periods.months_in_period,
        covered.months_in_feed
    from usage
    inner join logged_services
        on usage.service_code = logged_services.service_code and usage.country_code = logged_services.country_code
    inner join periods
        on usage.read_period_code = periods.period_code
    inner join covered
        on periods.period_code = covered.period_code
),

compared as (
    select
        published.service_usage_id,
        cast(coalesce(sum(fed.usage_count), 0) as bigint) as feed_count
    from published
    left join fed
        on
            published.service_code = fed.service_code
            and published.country_code = fed.country_code
            and fed.month_start between published.start_date and published.end_date
            and (published.channel_code is null or published.channel_code = fed.channel_code)
    group by published.service_usage_id
),

differences as (
    select
        published.*,
        compared.feed_count,
        case
            when published.months_in_feed = published.months_in_period then compared.feed_count - published.usage_count
        end as difference
    from published
    inner join compared
        on published.service_usage_id = compared.service_usage_id
),

final as (
    select
        service_usage_id,
        service_code,
        country_code,
        channel_code,
        read_period_code as period_code,
        measure_code,
        source_code,
        usage_count as published_count,
        feed_count,
        cast(months_in_period as integer) as months_in_period,
        cast(months_in_feed as integer) as months_in_feed,
        difference,
        {{ quotient('difference * 100', 'usage_count', 2) }} as difference_percent,
        case
            when difference is null then 'The feed does not cover the whole period.'
            when difference = 0 then 'The feed agrees with the published figure.'
            when value_qualifier = 'at_least' and difference > 0 then 'The feed is above the published lower bound.'
            else 'The feed differs from the published figure.'
        end as finding
    from differences
)

select * from final
order by service_usage_id
