with source as (
    select * from {{ source('codes', 'usage_measures') }}
),

final as (
    select
        measure_code,
        name_en,
        definition
    from source
)

select * from final
