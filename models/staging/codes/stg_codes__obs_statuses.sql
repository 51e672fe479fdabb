with source as (
    select * from {{ source('codes', 'obs_statuses') }}
),

final as (
    select
        obs_status_code,
        name,
        description
    from source
)

select * from final
