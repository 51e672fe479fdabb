with source as (
    select * from {{ ref('stg_codes__country_groups') }}
),

final as (
    select
        group_code,
        name_en,
        definition,
        source_code
    from source
)

select * from final
