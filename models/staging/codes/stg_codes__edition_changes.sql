with source as (
    select * from {{ source('codes', 'edition_changes') }}
),

final as (
    select
        indicator_code,
        period_code,
        cast(has_changed as boolean) as has_changed,
        what_changed,
        said_by
    from source
)

select * from final
