with source as (
    select * from {{ source('codes', 'levels') }}
),

final as (
    select
        level_code,
        name_en,
        try_cast({{ filled('minimum_value') }} as {{ decimal_type() }}) as minimum_value,
        try_cast({{ filled('below_value') }} as {{ decimal_type() }}) as below_value
    from source
)

select * from final
