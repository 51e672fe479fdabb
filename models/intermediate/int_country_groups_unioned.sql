-- Which country is in which group in which period, and the cell that says so, for every year in which an index has an edition.
-- A country is in a group for a period if it was a member on the first day. Regions and access to the sea are as of today.

with listed as (
    select * from {{ ref('int_countries_listed') }}
),

lists as (
    select * from {{ ref('int_country_lists_dated') }}
),

observations as (
    select * from {{ ref('int_index_observations_unioned') }}
),

indicators as (
    select * from {{ ref('stg_codes__indicators') }}
),

codes as (
    select * from {{ ref('stg_codes__countries') }}
),

table_1 as (
    select * from {{ ref('int_article_table_1_listed') }}
),

table_2 as (
    select * from {{ ref('int_article_table_2_split') }}
),

countries as (
    select
        listed.*,
        codes.raw_row
    from listed
    inner join codes
        on listed.country_code = codes.country_code
),

-- only indices have editions; a share of the population has a figure for every year
periods as (
    select distinct
        observations.period_code,
        make_date(cast(observations.period_code as integer), 1, 1) as first_day
    from observations
    inner join indicators
        on observations.indicator_code = indicators.indicator_code
    where indicators.unit_code = 'index_0_1'
),

standing as (
    select
        'world' as group_code,
        countries.country_code,
        {{ source_cell_id("'codes/countries.csv'", 'countries.raw_row', "'country_code'") }} as source_cell_id
    from countries
    union all
    select
        lower(countries.region_name) as group_code,
        countries.country_code,
        {{ source_cell_id("'codes/countries.csv'", 'countries.raw_row', "'region_name'") }} as source_cell_id
    from countries
    where countries.region_name is not null
    union all
    select
        'central_asia' as group_code,
        countries.country_code,
        {{ source_cell_id("'codes/countries.csv'", 'countries.raw_row', "'subregion_name'") }} as source_cell_id
    from countries
    where countries.subregion_name = 'Central Asia'
    union all
    select
        'landlocked' as group_code,
        countries.country_code,
        {{ source_cell_id("'codes/countries.csv'", 'countries.raw_row', "'is_landlocked'") }} as source_cell_id
    from countries
    where countries.is_landlocked
),

memberships as (
    select
        standing.group_code,
        standing.country_code,
        periods.period_code,
        standing.source_cell_id
    from standing
    cross join periods
    union all
    select
        lists.group_code,
        lists.country_code,
        periods.period_code,
        lists.source_cell_id
    from lists
    inner join countries
        on lists.country_code = countries.country_code
    inner join periods
        on
            (lists.valid_from is null or lists.valid_from <= periods.first_day)
            and (lists.valid_to is null or lists.valid_to > periods.first_day)
    union all
    select
        table_2.group_code,
        table_2.country_code,
        table_2.period_code,
        table_2.source_cell_id
    from table_2
),

-- for the edition that the article discusses, its own list of Central Asia is the evidence
final as (
    select
        memberships.group_code,
        memberships.country_code,
        memberships.period_code,
        coalesce(table_1.source_cell_id, memberships.source_cell_id) as source_cell_id
    from memberships
    left join table_1
        on
            memberships.group_code = 'central_asia'
            and memberships.country_code = table_1.country_code
            and memberships.period_code = table_1.period_code
)

select * from final
