with source as (
    select * from {{ ref('stg_codes__rating_classes') }}
),

final as (
    select
        rating_class_code,
        level_code,
        quartile
    from source
)

select * from final
