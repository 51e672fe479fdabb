-- The open ends of the years are filled, so that a join on the year finds one name for each service.
with service_names as (
    select * from {{ ref('stg_article__service_names') }}
),

final as (
    select
        service_code,
        coalesce(valid_from_year, 1) as valid_from_year,
        coalesce(valid_to_year, 9999) as valid_to_year,
        name_en
    from service_names
)

select * from final
