-- Every file of the feed is in the facts once and whole: its rows and uses add up to the totals on which its manifest and the
-- check on arrival agree, its days lie in its month, and no service, region and channel has a day twice.
with files as (
    select * from {{ ref('dim_feed_files') }}
),

daily as (
    select
        feed_file_id,
        count(*) as row_count,
        sum(usage_count) as usage_sum,
        min(usage_count) as least,
        min(usage_date) as first_day,
        max(usage_date) as last_day
    from {{ ref('fct_service_usage_daily') }}
    group by feed_file_id
),

monthly as (
    select
        feed_file_id,
        sum(days_used) as days_used,
        sum(usage_count) as usage_sum
    from {{ ref('rpt_service_usage_monthly') }}
    group by feed_file_id
)

select
    files.feed_file_id,
    files.row_count,
    daily.row_count as rows_held,
    monthly.days_used,
    files.usage_sum,
    daily.usage_sum as usage_held,
    monthly.usage_sum as usage_of_months
from files
full outer join daily
    on files.feed_file_id = daily.feed_file_id
full outer join monthly
    on files.feed_file_id = monthly.feed_file_id
where
    not coalesce(
        (files.row_count = 0 and daily.row_count is null and monthly.days_used is null)
        or (
            files.row_count = daily.row_count
            and files.row_count = monthly.days_used
            and files.usage_sum = daily.usage_sum
            and files.usage_sum = monthly.usage_sum
            and daily.least >= 0
            and daily.first_day >= cast(concat_ws('', files.month, '-01') as date)
            and daily.last_day <= last_day(cast(concat_ws('', files.month, '-01') as date))
        ),
        false
    )
