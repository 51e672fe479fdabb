-- Every period that a fact, an edition or a membership names. XXXX-XX is a month that its source does not name.
with indices as (
    select period_code from {{ ref('int_index_observations_unioned') }}
),

usage as (
    select * from {{ ref('int_service_usage_periods_judged') }}
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
    select period_code from memberships
),

parts as (
    select
        period_code,
        {{ period_grain('period_code') }} as grain,
        try_cast(substring(period_code, 1, 4) as integer) as year,
        try_cast(substring(period_code, 6, 2) as integer) as month
    from codes
),

final as (
    select
        period_code,
        grain,
        make_date(year, coalesce(month, 1), 1) as start_date,
        last_day(make_date(year, coalesce(month, 12), 1)) as end_date,
        year,
        month
    from parts
)

select * from final
