-- The article's figures on the use of services, in one column for each measure and length of period: no sum over rows of a column
-- mixes measures, or years with months. A doubtful period is read as the likely one.
with usage as (
    select * from {{ ref('fct_service_usage') }}
    where source_code = 'sabdenov_abdrakhmanova'
),

services as (
    select * from {{ ref('dim_services') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

final as (
    select
        usage.service_usage_id,
        usage.service_code,
        services.name_en as service_name_en,
        services.name_ru as service_name_ru,
        services.name_kk as service_name_kk,
        periods.period_code,
        periods.year,
        periods.month,
        usage.measure_code,
        {%- for grain in ['year', 'month'] %}
        {%- for measure in ['uses', 'users', 'people', 'certificates'] %}
        case when periods.grain = '{{ grain }}' and usage.measure_code = '{{ measure }}' then usage.usage_count end as {{ measure }}_in_{{ grain }},
        {%- endfor %}
        {%- endfor %}
        usage.value_qualifier,
        usage.obs_status_code,
        usage.source_cell_id
    from usage
    inner join services
        on usage.service_code = services.service_code
    inner join periods
        on coalesce(usage.likely_period_code, usage.period_code) = periods.period_code
)

select * from final
order by service_usage_id
