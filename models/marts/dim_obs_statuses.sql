with source as (
    select * from {{ ref('stg_codes__obs_statuses') }}
),

final as (
    select
        obs_status_code,
        name,
        description
    from source
)

select * from final
