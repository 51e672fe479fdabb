-- A figure that the article prints in several places is the same in all of them.
select
    country_code,
    indicator_code,
    period_code,
    statistic,
    count(distinct figure) as readings
from {{ ref('int_article_index_figures_unpivoted') }}
where figure is not null
group by country_code, indicator_code, period_code, statistic
having count(distinct figure) > 1
