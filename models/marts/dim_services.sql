with services as (
    select * from {{ ref('stg_codes__services') }}
),

events as (
    select * from {{ ref('stg_article__events') }}
),

-- a launch keeps its printed precision: a year stays a year
launches as (
    select
        service_code,
        min(
            case date_precision
                when 'year' then substring(cast(start_date as string), 1, 4)
                when 'month' then substring(cast(start_date as string), 1, 7)
                when 'day' then cast(start_date as string)
            end
        ) as available_from
    from events
    where event_type = 'service_launch'
    group by service_code
),

cancellations as (
    select
        service_code,
        max(start_date) as cancelled_on
    from events
    where event_type = 'service_cancellation' and date_precision = 'day'
    group by service_code
),

-- the newest copy of a national inventory names its services
inventories as (
    select
        *,
        row_number() over (
            partition by service_code
            order by accessed_on desc nulls last, revision desc, raw_file desc
        ) as vintage
    from {{ ref('stg_series__services') }}
),

listed as (
    select
        service_code,
        country_code,
        cast(null as string) as agency_code,
        name_en,
        cast(null as string) as name_fr,
        name_ru,
        name_kk,
        category
    from services
    union all
    select
        service_code,
        country_code,
        agency_code,
        name_en,
        name_fr,
        cast(null as string) as name_ru,
        cast(null as string) as name_kk,
        cast(null as string) as category
    from inventories
    where vintage = 1
),

final as (
    select
        listed.service_code,
        listed.country_code,
        listed.agency_code,
        listed.name_en,
        listed.name_fr,
        listed.name_ru,
        listed.name_kk,
        listed.category,
        launches.available_from,
        cancellations.cancelled_on
    from listed
    left join launches
        on listed.service_code = launches.service_code
    left join cancellations
        on listed.service_code = cancellations.service_code
)

select * from final
