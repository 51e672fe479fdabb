with source as (
    select * from {{ source('codes', 'period_grains') }}
),

final as (
    select
        grain,
        name_en,
        cast(months as integer) as months
    from source
)

select * from final
