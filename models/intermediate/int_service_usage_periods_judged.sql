-- The article mixes years and months, and its text does not always make clear which it means. If the text gives a figure for a
-- year, and Table 3, drawn from the same statistics, has a column for a month of that year but none for the year itself, the
-- figure is more likely for that month. Other sources say nothing about what the article means.
with usage as (
    select * from {{ ref('int_service_usage_unioned') }}
),

table_periods as (
    select distinct
        source_code,
        period_code,
        substring(period_code, 1, 4) as year
    from usage
    where is_from_table
),

months_only as (
    select
        source_code,
        year,
        max(period_code) as month_code
    from table_periods
    group by source_code, year
    having count(*) = 1 and max({{ period_grain('period_code') }}) = 'month'
),

final as (
    select
        -- The ids of the article's figures were published before there was a second source, and published ids never change. Any
        -- other source may count the same service, period and measure in another country or by channel, so its ids name these
        -- too.
        case
            when usage.source_code = 'sabdenov_abdrakhmanova'
                then concat_ws('', usage.service_code, '.', usage.period_code, '.', usage.measure_code)
            else concat_ws(
                '.', usage.service_code, usage.period_code, usage.measure_code,
                usage.country_code, usage.channel_code, usage.agency_code, usage.source_code
            )
        end as service_usage_id,
        usage.country_code,
        usage.service_code,
        usage.period_code,
        case when not usage.is_from_table and length(usage.period_code) = 4 then months_only.month_code end as likely_period_code,
        usage.measure_code,
        usage.channel_code,
        usage.agency_code,
        usage.usage_count,
        case when usage.usage_count is not null then usage.value_qualifier end as value_qualifier,
        usage.obs_status_code,
        usage.note,
        usage.source_code,
        usage.source_cell_id
    from usage
    left join months_only
        on usage.source_code = months_only.source_code and usage.period_code = months_only.year
)

select * from final
