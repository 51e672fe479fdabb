with source as (
    select * from {{ source('codes', 'index_weights') }}
),

final as (
    select
        indicator_code,
        part_indicator_code,
        period_code,
        cast(weight as {{ decimal_type() }}) as weight
    from source
)

select * from final
