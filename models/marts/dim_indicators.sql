with source as (
    select * from {{ ref('stg_codes__indicators') }}
),

final as (
    select
        indicator_code,
        name_en,
        name_ru,
        name_kk,
        definition,
        unit_code,
        minimum_value,
        maximum_value,
        higher_is_better,
        parent_indicator_code,
        publisher
    from source
)

select * from final
