-- Diagram 2, only the points that the text states: the image itself has no readable figures.
with observations as (
    select * from {{ ref('fct_index_observations') }}
    where source_code = 'sabdenov_abdrakhmanova' and indicator_code = 'EGDI' and country_code = 'KAZ'
),

exhibits as (
    select * from {{ ref('stg_article__exhibits') }}
    where exhibit_code = 'diagram_2'
),

final as (
    select
        observations.period_code,
        observations.published_rank as rank,
        exhibits.caption,
        exhibits.source_line,
        coalesce(observations.rank_source_cell_id, observations.source_cell_id) as source_cell_id
    from observations
    cross join exhibits
)

select * from final
order by period_code
