-- The whole curve of Diagram 2 from the UN's own series.
with history as (
    select * from {{ ref('rpt_rank_history') }}
    where country_code = 'KAZ'
),

article as (
    select * from {{ ref('rpt_article_diagram_2') }}
),

final as (
    select
        history.period_code,
        history.rank,
        history.states_assessed,
        history.egdi,
        article.rank as rank_in_article,
        history.method_note
    from history
    left join article
        on history.period_code = article.period_code
)

select * from final
order by period_code
