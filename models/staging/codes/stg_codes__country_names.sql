with source as (
    select * from {{ source('codes', 'country_names') }}
),

final as (
    select
        name,
        country_code
    from source
)

select * from final
