-- Every printed cell with its place in the source. The locator pattern of a file is filled in with the position of the cell
-- and with what the row says: its own locator, or its economy and period.
with cells as (
    select * from {{ ref('stg_datapackage__cells') }}
),

fields as (
    select * from {{ ref('stg_datapackage__fields') }}
),

resources as (
    select * from {{ ref('stg_datapackage__resources') }}
),

row_texts as (
    select
        raw_file,
        raw_row,
        max(case when raw_column = 'locator' then cell_text end) as locator,
        max(case when raw_column in ('country_name', 'name_en') then cell_text end) as country_name,
        max(case when raw_column in ('period', 'year') then cell_text end) as period
    from cells
    where raw_column in ('locator', 'country_name', 'name_en', 'period', 'year')
    group by raw_file, raw_row
),

patterns as (
    select
        cells.*,
        resources.source_code,
        fields.field_position,
        fields.title,
        resources.locator_pattern
    from cells
    inner join fields
        on cells.raw_file = fields.raw_file and cells.raw_column = fields.field_name and fields.is_printed
    inner join resources
        on cells.raw_file = resources.raw_file
),

final as (
    select
        patterns.source_cell_id,
        patterns.source_code,
        patterns.raw_file,
        patterns.raw_row,
        patterns.raw_column,
        {% set placeholders = {
            'row': 'cast(patterns.raw_row as string)',
            'column': 'cast(patterns.field_position as string)',
            'title': 'patterns.title',
            'locator': "coalesce(row_texts.locator, '')",
            'country_name': "coalesce(row_texts.country_name, '')",
            'period': "coalesce(row_texts.period, '')",
        } -%}
        {{ fill_in('patterns.locator_pattern', placeholders) }} as locator,
        patterns.cell_text as printed_text
    from patterns
    left join row_texts
        on patterns.raw_file = row_texts.raw_file and patterns.raw_row = row_texts.raw_row
)

select * from final
