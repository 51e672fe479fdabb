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

final as (
    select
        services.service_code,
        services.name_en,
        services.name_ru,
        services.name_kk,
        services.category,
        launches.available_from,
        cancellations.cancelled_on
    from services
    left join launches
        on services.service_code = launches.service_code
    left join cancellations
        on services.service_code = cancellations.service_code
)

select * from final
