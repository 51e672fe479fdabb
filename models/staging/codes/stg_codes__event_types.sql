with source as (
    select * from {{ source('codes', 'event_types') }}
),

final as (
    select
        event_type,
        name_en
    from source
)

select * from final
