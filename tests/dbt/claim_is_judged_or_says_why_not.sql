-- A claim is either judged once, by figures, or says why no published figure could judge it; never both.
with judged as (
    select claim_code from {{ ref('claims_on_indices') }}
    union all
    select claim_code from {{ ref('claims_on_services') }}
)

select
    coalesce(claims.claim_code, judged.claim_code) as claim_code,
    count(judged.claim_code) as judgements
from {{ ref('stg_article__claims') }} as claims
full outer join judged
    on claims.claim_code = judged.claim_code
group by coalesce(claims.claim_code, judged.claim_code), claims.claim_code, claims.not_checkable_because
having
    claims.claim_code is null
    or count(judged.claim_code) <> case when claims.not_checkable_because is null then 1 else 0 end
