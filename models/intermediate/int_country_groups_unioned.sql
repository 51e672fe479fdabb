-- Which country is in which group in which period, and the cell that says so.
with table_1 as (
    select * from {{ ref('stg_article__table_1') }}
),

headers as (
    select * from {{ ref('stg_article__table_headers') }}
),

country_names as (
    select * from {{ ref('stg_codes__country_names') }}
),

table_2 as (
    select * from {{ ref('int_article_table_2_split') }}
),

-- Table 1 is the article's list of Central Asia
central_asia as (
    select
        'central_asia' as group_code,
        country_names.country_code,
        headers.period_code,
        {{ source_cell_id("'article/table_1.csv'", 'table_1.raw_row', "'country'") }} as source_cell_id
    from table_1
    inner join country_names
        on table_1.country_name = country_names.name
    inner join headers
        on headers.exhibit_code = 'table_1' and headers.period_code is not null
),

final as (
    select * from central_asia
    union all
    select
        group_code,
        country_code,
        period_code,
        source_cell_id
    from table_2
)

select * from final
