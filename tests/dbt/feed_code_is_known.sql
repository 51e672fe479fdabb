-- Every code of the feed is still in its dimension: a code list may have changed since a file arrived.
with monthly as (
    select * from {{ ref('rpt_service_usage_monthly') }}
),

used as (
    select distinct
        'service_code' as code_column,
        service_code as code
    from monthly
    union all
    select distinct
        'region_code' as code_column,
        region_code as code
    from monthly
    union all
    select distinct
        'channel_code' as code_column,
        channel_code as code
    from monthly
),

known as (
    select
        'service_code' as code_column,
        service_code as code
    from {{ ref('dim_services') }}
    union all
    select
        'region_code' as code_column,
        region_code as code
    from {{ ref('dim_regions') }}
    union all
    select
        'channel_code' as code_column,
        channel_code as code
    from {{ ref('dim_channels') }}
)

select used.*
from used
left join known
    on used.code_column = known.code_column and used.code = known.code
where known.code is null
