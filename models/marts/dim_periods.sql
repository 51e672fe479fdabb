-- Every period that a fact, an edition or a membership names. XXXX-XX is a month that its source does not name.
with indices as (
    select period_code from {{ ref('int_index_observations_unioned') }}
),

usage as (
    select * from {{ ref('int_service_usage_periods_judged') }}
),

breakdowns as (
    select distinct period_code from {{ ref('stg_series__breakdowns') }}
),

memberships as (
    select period_code from {{ ref('int_country_groups_unioned') }}
),

codes as (
    select period_code from indices
    union
    select period_code from usage
    union
    select likely_period_code as period_code from usage
    where likely_period_code is not null
    union
    select period_code from breakdowns
    union
    select period_code from memberships
),

parts as (
    select
        period_code,
        {{ period_grain('period_code') }} as grain,
        try_cast(substring(period_code, 1, 4) as integer) as year,
        case when {{ period_grain('period_code') }} = 'month' then try_cast(substring(period_code, 6, 2) as integer) end as month,
        case when {{ period_grain('period_code') }} = 'fiscal_year' then cast(substring(period_code, 1, 10) as date) end as fiscal_start
    from codes
),

final as (
    select
        period_code,
        grain,
        case
            when grain = 'fiscal_year' then fiscal_start
            when grain <> 'reporting_year' then make_date(year, coalesce(month, 1), 1)
        end as start_date,
        case
            when grain = 'fiscal_year' then cast(fiscal_start + interval '1' year - interval '1' day as date)
            when grain <> 'reporting_year' then last_day(make_date(year, coalesce(month, 12), 1))
        end as end_date,
        case when grain = 'fiscal_year' then year + 1 else year end as year,
        month
    from parts
)

select * from final
