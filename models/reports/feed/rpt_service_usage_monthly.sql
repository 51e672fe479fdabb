with daily as (
    select * from {{ ref('fct_service_usage_daily') }}
),

files as (
    select * from {{ ref('dim_feed_files') }}
),

new_files as (
    select * from {{ ref('stg_feed__new_files') }}
),

-- one bit for each day: a day that came twice counts once among the bits, so the days then do not add up to the rows of the file
summed as (
    select
        service_code,
        region_code,
        channel_code,
        feed_file_id,
        cast(sum(usage_count) as bigint) as usage_count,
        cast(bit_count(bit_or(cast(power(2, day(usage_date)) as bigint))) as integer) as days_used
    from daily
    where daily.feed_file_id in (select new_files.feed_file_id from new_files)
    group by service_code, region_code, channel_code, feed_file_id
),

final as (
    select
        files.month,
        summed.service_code,
        summed.region_code,
        summed.channel_code,
        summed.usage_count,
        summed.days_used,
        summed.feed_file_id
    from summed
    inner join files
        on summed.feed_file_id = files.feed_file_id
)

select * from final
order by month, service_code, region_code, channel_code
