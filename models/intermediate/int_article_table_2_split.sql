-- One row per country named in Table 2: the lists in its cells are split at the commas.
{% set groups = ['very_high_hci_high_tii', 'very_high_tii_high_hci', 'high_tii_high_hci', 'high_hci_moderate_tii'] %}

with table_2 as (
    select * from {{ ref('stg_article__table_2') }}
),

headers as (
    select * from {{ ref('stg_article__table_headers') }}
),

exhibits as (
    select * from {{ ref('stg_article__exhibits') }}
),

country_groups as (
    select * from {{ ref('stg_codes__country_groups') }}
),

country_names as (
    select * from {{ ref('stg_codes__country_names') }}
),

positions as (
    select cast(position as integer) as position
    from range(1, 251) as numbers (position) -- noqa: AL05
),

lists as (
    {%- for group in groups %}
    select
        raw_row,
        '{{ group }}' as column_name,
        {{ group }} as printed_list
    from table_2
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

split as (
    select
        lists.raw_row,
        lists.column_name,
        positions.position,
        trim(split_part(lists.printed_list, ',', positions.position)) as country_name
    from lists
    inner join positions
        on positions.position <= length(lists.printed_list) - length(replace(lists.printed_list, ',', '')) + 1
),

final as (
    select
        country_groups.group_code,
        country_names.country_code,
        exhibits.period_code,
        split.position,
        split.country_name,
        {{ source_cell_id("'article/table_2.csv'", 'split.raw_row', 'split.column_name') }} as source_cell_id
    from split
    inner join headers
        on split.column_name = headers.column_name and headers.exhibit_code = 'table_2' and headers.header_row = 2
    inner join exhibits
        on headers.exhibit_code = exhibits.exhibit_code
    left join country_groups
        on headers.header = country_groups.printed_name
    left join country_names
        on split.country_name = country_names.name
)

select * from final
