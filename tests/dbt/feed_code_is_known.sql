-- Every code of the feed is still in its dimension: a code list may have changed since a file arrived.
with monthly as (
    select * from {{ ref('rpt_service_usage_monthly') }}
),

services as (
    select distinct service_code as code from monthly
),

regions as (
    select distinct region_code as code from monthly
),

channels as (
    select distinct channel_code as code from monthly
)

select 'service_code' as unknown, code from services
where code not in (select service_code from {{ ref('dim_services') }})
union all
select 'region_code' as unknown, code from regions
where code not in (select region_code from {{ ref('dim_regions') }})
union all
select 'channel_code' as unknown, code from channels
where code not in (select channel_code from {{ ref('dim_channels') }})
