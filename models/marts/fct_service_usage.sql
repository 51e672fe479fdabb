with source as (
    select * from {{ ref('int_service_usage_periods_judged') }}
),

final as (
    select
        service_usage_id,
        service_code,
        period_code,
        likely_period_code,
        measure_code,
        usage_count,
        value_qualifier,
        obs_status_code,
        source_code,
        source_cell_id
    from source
)

select * from final
