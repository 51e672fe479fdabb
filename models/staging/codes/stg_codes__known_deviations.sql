with source as (
    select * from {{ source('codes', 'known_deviations') }}
),

final as (
    select
        indicator_code,
        country_code,
        period_code,
        statistic,
        reason
    from source
)

select * from final
