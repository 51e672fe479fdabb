-- Kazakhstan's services: a service's figures over all channels and the events that touched it, in one ordered list. Undated entries come last.
with usage as (
    select * from {{ ref('fct_service_usage') }}
    where country_code = 'KAZ' and channel_code is null
),

periods as (
    select * from {{ ref('dim_periods') }}
),

measures as (
    select * from {{ ref('dim_usage_measures') }}
),

events as (
    select * from {{ ref('fct_policy_events') }}
    where service_code is not null
),

services as (
    select * from {{ ref('dim_services') }}
),

cells as (
    select * from {{ ref('dim_source_cells') }}
),

entries as (
    select
        usage.service_code,
        'usage' as entry_type,
        usage.service_usage_id as entry_id,
        periods.start_date,
        periods.end_date,
        measures.name_en as entry,
        usage.usage_count,
        usage.value_qualifier,
        coalesce(usage.likely_period_code, usage.period_code) as period_code,
        usage.source_cell_id
    from usage
    inner join periods
        on coalesce(usage.likely_period_code, usage.period_code) = periods.period_code
    inner join measures
        on usage.measure_code = measures.measure_code
    union all
    select
        service_code,
        'event' as entry_type,
        event_id as entry_id,
        start_date,
        end_date,
        title_en as entry,
        cast(null as bigint) as usage_count,
        cast(null as string) as value_qualifier,
        cast(null as string) as period_code,
        source_cell_id
    from events
),

final as (
    select
        entries.service_code,
        services.name_en as service_name,
        cast(
            row_number() over (
                partition by entries.service_code
                order by entries.start_date nulls last, entries.entry_type, entries.entry_id
            ) as integer
        ) as position,
        entries.entry_type,
        entries.entry_id,
        entries.start_date,
        entries.end_date,
        entries.period_code,
        entries.entry,
        entries.usage_count,
        entries.value_qualifier,
        entries.source_cell_id,
        cells.source_code
    from entries
    inner join services
        on entries.service_code = services.service_code
    inner join cells
        on entries.source_cell_id = cells.source_cell_id
)

select * from final
order by service_code, position
