-- Every claim of the article with its verdict. If no figure here can settle a claim, its row says why not.
with claims as (
    select * from {{ ref('stg_article__claims') }}
),

judged as (
    select * from {{ ref('claims_on_indices') }}
    where verdict is not null
    union all
    select * from {{ ref('claims_on_services') }}
    where verdict is not null
),

final as (
    select
        claims.claim_code,
        claims.statement,
        claims.locator,
        nullif(claims.asserted, '') as asserted,
        nullif(claims.reading, '') as reading,
        coalesce(judged.verdict, 'not_checkable') as verdict,
        judged.expected,
        judged.observed,
        judged.evidence,
        coalesce(judged.note, claims.not_checkable_because, 'The series that would settle it is not in the warehouse.') as note
    from claims
    left join judged
        on claims.claim_code = judged.claim_code
)

select * from final
