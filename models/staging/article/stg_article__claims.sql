with source as (
    select * from {{ source('article', 'claims') }}
),

final as (
    select
        raw_row,
        claim_code,
        locator,
        statement,
        asserted,
        reading,
        {{ filled('not_checkable_because') }} as not_checkable_because
    from source
)

select * from final
