-- The sentences that a claim names are those that name the claim. A claim of a table or a caption stands in no sentence.
with named as (
    select
        claims.claim_code,
        sentences.locator
    from {{ ref('stg_article__claims') }} as claims
    inner join {{ ref('rpt_article_sentences') }} as sentences
        on concat_ws('', ' ', sentences.claim_codes, ' ') like concat_ws('', '% ', claims.claim_code, ' %')
),

counted as (
    select
        claims.claim_code,
        claims.locator,
        count(named.locator) as sentences,
        length(claims.locator) - length(replace(claims.locator, 'sentence', 'sentenc')) as places
    from {{ ref('stg_article__claims') }} as claims
    left join named
        on claims.claim_code = named.claim_code
    group by claims.claim_code, claims.locator
)

select * from counted
where sentences < places or (places = 0 and sentences > 0)
union all
select
    'no such claim' as claim_code,
    sentences.locator,
    length(sentences.claim_codes) - length(replace(sentences.claim_codes, ' ', '')) + 1 as sentences,
    count(claims.claim_code) as places
from {{ ref('rpt_article_sentences') }} as sentences
left join {{ ref('stg_article__claims') }} as claims
    on concat_ws('', ' ', sentences.claim_codes, ' ') like concat_ws('', '% ', claims.claim_code, ' %')
where sentences.claim_codes is not null
group by sentences.locator, sentences.claim_codes
having count(claims.claim_code) <> length(sentences.claim_codes) - length(replace(sentences.claim_codes, ' ', '')) + 1
