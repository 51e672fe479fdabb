-- Every rank that the article prints, next to the rank of the UN survey.
with observations as (
    select * from {{ ref('fct_index_observations') }}
    where published_rank is not null
),

countries as (
    select * from {{ ref('dim_countries') }}
),

cells as (
    select * from {{ ref('dim_source_cells') }}
),

final as (
    select
        article.country_code,
        countries.name_en as country_name,
        article.indicator_code,
        article.period_code,
        cells.locator,
        cells.printed_text,
        article.published_rank as article_rank,
        survey.published_rank as un_rank,
        article.published_rank = survey.published_rank as agrees,
        article.rank_source_cell_id,
        survey.rank_source_cell_id as un_rank_source_cell_id
    from observations as article
    inner join countries
        on article.country_code = countries.country_code
    inner join cells
        on article.rank_source_cell_id = cells.source_cell_id
    left join observations as survey
        on
            article.country_code = survey.country_code
            and article.indicator_code = survey.indicator_code
            and article.period_code = survey.period_code
            and survey.source_code = 'un_egov_survey'
    where article.source_code = 'sabdenov_abdrakhmanova'
)

select * from final
order by country_code, indicator_code, period_code
