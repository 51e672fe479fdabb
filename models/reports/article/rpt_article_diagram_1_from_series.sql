-- The whole curve of Diagram 1 from the official series. It is a different series: the diagram counts people aged 16 to
-- 74, and the ITU series counts people of all ages, with some exceptions that its notes name.
with index_values as (
    select * from {{ ref('fct_index_values') }}
    where country_code = 'KAZ' and indicator_code = 'INTERNET_USERS'
),

article as (
    select * from {{ ref('rpt_article_diagram_1') }}
),

final as (
    select
        index_values.period_code,
        index_values.value as share_of_individuals,
        index_values.obs_status_code,
        index_values.source_code,
        article.share as share_aged_16_74_in_article,
        index_values.source_cell_id
    from index_values
    left join article
        on index_values.period_code = article.period_code
)

select * from final
order by period_code
