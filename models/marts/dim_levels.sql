-- The open ends of the scale are filled, so that a range join finds a level for every value.
with levels as (
    select * from {{ ref('stg_codes__levels') }}
),

final as (
    select
        level_code,
        name_en,
        cast(coalesce(minimum_value, 0) as {{ decimal_type() }}) as minimum_value,
        cast(coalesce(below_value, 10) as {{ decimal_type() }}) as below_value
    from levels
)

select * from final
