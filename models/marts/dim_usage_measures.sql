with source as (
    select * from {{ ref('stg_codes__usage_measures') }}
),

final as (
    select
        measure_code,
        name_en,
        definition
    from source
)

select * from final
