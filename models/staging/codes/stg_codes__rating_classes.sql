with source as (
    select * from {{ source('codes', 'rating_classes') }}
),

final as (
    select
        rating_class_code,
        level_code,
        cast(quartile as integer) as quartile
    from source
)

select * from final
