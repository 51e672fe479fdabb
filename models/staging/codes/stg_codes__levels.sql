-- The UN gives the ends of the scale no bound. They are filled, so that every value is within the bounds of a level.
with source as (
    select * from {{ source('codes', 'levels') }}
),

final as (
    select
        level_code,
        name_en,
        cast(coalesce({{ filled('minimum_value') }}, '0') as {{ decimal_type() }}) as minimum_value,
        cast(coalesce({{ filled('below_value') }}, '10') as {{ decimal_type() }}) as below_value
    from source
)

select * from final
