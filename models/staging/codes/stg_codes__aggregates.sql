with source as (
    select * from {{ source('codes', 'aggregates') }}
),

final as (
    select
        aggregate_code,
        name_en
    from source
)

select * from final
