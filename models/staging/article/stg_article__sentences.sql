with source as (
    select * from {{ source('article', 'sentences') }}
),

final as (
    select
        raw_row,
        locator,
        {{ filled('claim_codes') }} as claim_codes,
        {{ filled('no_claim_because') }} as no_claim_because
    from source
)

select * from final
