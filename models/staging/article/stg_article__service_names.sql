with source as (
    select * from {{ source('article', 'service_names') }}
),

final as (
    select
        service_code,
        try_cast(regexp_extract(printed_validity, '([0-9]{4})', 1) as integer) as valid_from_year,
        case when printed_validity not like '%since%' then try_cast(regexp_extract(printed_validity, '([0-9]{4})[^0-9]*$', 1) as integer) end as valid_to_year,
        regexp_replace(trim(printed_name), '[.]$', '') as name_en
    from source
)

select * from final
