with source as (
    select * from {{ source('codes', 'channels') }}
),

final as (
    select
        channel_code,
        name_en,
        name_ru,
        name_kk,
        cast({{ filled('is_electronic') }} as boolean) as is_electronic,
        cast({{ filled('is_online') }} as boolean) as is_online
    from source
)

select * from final
