with source as (
    select * from {{ ref('stg_codes__levels') }}
),

final as (
    select
        level_code,
        name_en,
        minimum_value,
        below_value
    from source
)

select * from final
