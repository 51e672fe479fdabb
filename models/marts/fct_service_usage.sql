select * from {{ ref('int_service_usage_periods_judged') }}
