-- Every figure that a publisher changed, withdrew or added after it was first imported: what an earlier copy holds next to what the
-- next one holds. A figure of an index is gone only with its whole edition, so only figures of use can come and go.
with figures as (
    select * from {{ ref('int_series_figures_unpivoted') }}
),

usage as (
    select * from {{ ref('int_usage_vintages_ordered') }}
),

-- both copies must give the country and period: a first copy of a year is no revision
copies as (
    select distinct
        source_code,
        series_code,
        country_code,
        period_code,
        vintage,
        accessed_on
    from usage
),

successions as (
    select
        newer.source_code,
        newer.series_code,
        newer.country_code,
        newer.period_code,
        newer.vintage,
        newer.accessed_on as later_accessed_on,
        older.accessed_on as earlier_accessed_on
    from copies as newer
    inner join copies as older
        on
            newer.source_code = older.source_code
            and newer.series_code = older.series_code
            and newer.country_code = older.country_code
            and newer.period_code = older.period_code
            and newer.vintage + 1 = older.vintage
),

both_copies as (
    select
        successions.source_code,
        successions.vintage,
        successions.later_accessed_on,
        successions.earlier_accessed_on,
        usage.country_code,
        usage.service_code,
        usage.measure_code,
        usage.channel_code,
        usage.agency_code,
        usage.period_code,
        max(case when usage.vintage = successions.vintage then usage.usage_count end) as later_count,
        max(case when usage.vintage = successions.vintage then usage.source_cell_id end) as later_source_cell_id,
        max(case when usage.vintage = successions.vintage + 1 then usage.usage_count end) as earlier_count,
        max(case when usage.vintage = successions.vintage + 1 then usage.source_cell_id end) as earlier_source_cell_id
    from successions
    inner join usage
        on
            successions.source_code = usage.source_code
            and successions.series_code = usage.series_code
            and successions.country_code = usage.country_code
            and successions.period_code = usage.period_code
            and usage.vintage between successions.vintage and successions.vintage + 1
    group by
        successions.source_code, successions.vintage, successions.later_accessed_on, successions.earlier_accessed_on,
        usage.country_code, usage.service_code, usage.measure_code, usage.channel_code, usage.agency_code, usage.period_code
),

final as (
    select
        concat_ws('.', newer.country_code, newer.indicator_code, newer.period_code, newer.source_code) as figure_id,
        newer.country_code,
        newer.indicator_code,
        cast(null as string) as service_code,
        cast(null as string) as measure_code,
        cast(null as string) as channel_code,
        newer.period_code,
        newer.source_code,
        newer.statistic,
        newer.vintage as vintages_ago,
        'changed' as change,
        older.figure as earlier_value,
        cast(null as bigint) as earlier_count,
        older.accessed_on as earlier_accessed_on,
        older.source_cell_id as earlier_source_cell_id,
        newer.figure as later_value,
        cast(null as bigint) as later_count,
        newer.accessed_on as later_accessed_on,
        newer.source_cell_id as later_source_cell_id
    from figures as newer
    inner join figures as older
        on
            newer.country_code = older.country_code
            and newer.indicator_code = older.indicator_code
            and newer.period_code = older.period_code
            and newer.source_code = older.source_code
            and newer.statistic = older.statistic
            and newer.vintage + 1 = older.vintage
    where newer.figure is distinct from older.figure
    union all
    select
        concat_ws('.', service_code, period_code, measure_code, country_code, channel_code, agency_code, source_code) as figure_id,
        country_code,
        cast(null as string) as indicator_code,
        service_code,
        measure_code,
        channel_code,
        period_code,
        source_code,
        'usage' as statistic,
        vintage as vintages_ago,
        case
            when later_source_cell_id is null then 'gone'
            when earlier_source_cell_id is null then 'come'
            else 'changed'
        end as change,
        cast(null as {{ decimal_type() }}) as earlier_value,
        earlier_count,
        earlier_accessed_on,
        earlier_source_cell_id,
        cast(null as {{ decimal_type() }}) as later_value,
        later_count,
        later_accessed_on,
        later_source_cell_id
    from both_copies
    where
        later_count is distinct from earlier_count
        or later_source_cell_id is null
        or earlier_source_cell_id is null
)

select * from final
order by figure_id, statistic, vintages_ago
