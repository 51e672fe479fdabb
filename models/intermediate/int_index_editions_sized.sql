-- How many countries an edition ranks: the number with a published EGDI value, the number with a published rank of another index,
-- or the number that a quotation gives, whichever is larger.
with article as (
    select * from {{ ref('int_article_index_figures_unpivoted') }}
),

series as (
    select * from {{ ref('int_series_figures_unpivoted') }}
),

sizes as (
    select
        indicator_code,
        period_code,
        source_code,
        cast(figure as integer) as countries_ranked
    from article
    where statistic = 'countries_ranked'
    union all
    select
        indicator_code,
        period_code,
        source_code,
        cast(count(*) as integer) as countries_ranked
    from series
    where indicator_code = 'EGDI' and statistic = 'value' and figure is not null and vintage = 1
    group by indicator_code, period_code, source_code
    union all
    select
        indicator_code,
        period_code,
        source_code,
        cast(count(*) as integer) as countries_ranked
    from series
    where indicator_code <> 'EGDI' and statistic = 'rank' and vintage = 1
    group by indicator_code, period_code, source_code
),

final as (
    select
        indicator_code,
        period_code,
        max(countries_ranked) as countries_ranked
    from sizes
    group by indicator_code, period_code
)

select * from final
