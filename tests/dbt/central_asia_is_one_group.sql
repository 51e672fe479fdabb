-- The five states that Table 1 of the article compares are the UN M49 subregion Central Asia: one group, one definition.
with printed as (
    select country_code from {{ ref('int_article_table_1_listed') }}
),

subregion as (
    select country_code from {{ ref('dim_countries') }}
    where subregion_name = 'Central Asia'
)

select
    printed.country_code as in_table_1,
    subregion.country_code as in_subregion
from printed
full outer join subregion
    on printed.country_code = subregion.country_code
where printed.country_code is null or subregion.country_code is null
