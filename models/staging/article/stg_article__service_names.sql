-- The open ends of the years are filled, so that each service has one name in every year.
with source as (
    select * from {{ source('article', 'service_names') }}
),

final as (
    select
        service_code,
        coalesce(try_cast(regexp_extract(printed_validity, '([0-9]{4})', 1) as integer), 1) as valid_from_year,
        coalesce(
            case when printed_validity not like '%since%' then try_cast(regexp_extract(printed_validity, '([0-9]{4})[^0-9]*$', 1) as integer) end,
            9999
        ) as valid_to_year,
        regexp_replace(trim(printed_name), '[.]$', '') as name_en
    from source
)

select * from final
