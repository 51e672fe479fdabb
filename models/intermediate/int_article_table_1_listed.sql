-- The states that Table 1 lists, by code, and the edition that its header names: the article's list of Central Asia.
with table_1 as (
    select * from {{ ref('stg_article__table_1') }}
),

headers as (
    select * from {{ ref('stg_article__table_headers') }}
),

country_names as (
    select * from {{ ref('stg_codes__country_names') }}
),

-- only one header of Table 1 names a year; it applies to the whole table
edition as (
    select max(period_code) as period_code
    from headers
    where exhibit_code = 'table_1'
),

final as (
    select
        table_1.*,
        country_names.country_code,
        edition.period_code,
        {{ source_cell_id("'article/table_1.csv'", 'table_1.raw_row', "'country'") }} as source_cell_id
    from table_1
    left join country_names
        on table_1.country_name = country_names.name
    cross join edition
)

select * from final
