-- Every sentence of the article in its order, with the claims that it makes, or the reason why none is listed.
with sentences as (
    select * from {{ ref('stg_article__sentences') }}
),

final as (
    select
        cast(raw_row as integer) as sentence_number,
        locator,
        claim_codes,
        no_claim_because
    from sentences
)

select * from final
order by sentence_number
