-- Years and months stand side by side in the article, and its text is not always clear which it means. A figure of the
-- text that names a year is more likely a month's where Table 3, drawn from the same statistics, has no column for that
-- year but has one for a month of it.
with usage as (
    select * from {{ ref('int_service_usage_unioned') }}
),

table_periods as (
    select distinct
        period_code,
        substring(period_code, 1, 4) as year
    from usage
    where is_from_table
),

months_only as (
    select
        year,
        max(period_code) as month_code
    from table_periods
    group by year
    having count(*) = 1 and max(length(period_code)) = 7
),

final as (
    select
        concat(usage.service_code, '.', usage.period_code, '.', usage.measure_code) as service_usage_id,
        usage.service_code,
        usage.period_code,
        case when not usage.is_from_table and length(usage.period_code) = 4 then months_only.month_code end as likely_period_code,
        usage.measure_code,
        usage.usage_count,
        case when usage.usage_count is not null then usage.value_qualifier end as value_qualifier,
        case when usage.usage_count is null then 'O' else 'A' end as obs_status_code,
        usage.source_code,
        usage.source_cell_id
    from usage
    left join months_only
        on usage.period_code = months_only.year
)

select * from final
