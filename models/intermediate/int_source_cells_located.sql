-- Every printed cell with the place where a reader finds it in the source. A file's locator pattern either fills in the
-- position of the cell or points to the locator that the row itself carries.
with cells as (
    select * from {{ ref('stg_datapackage__cells') }}
),

fields as (
    select * from {{ ref('stg_datapackage__fields') }}
),

resources as (
    select * from {{ ref('stg_datapackage__resources') }}
),

row_locators as (
    select
        raw_file,
        raw_row,
        cell_text as row_locator
    from cells
    where raw_column = 'locator'
),

final as (
    select
        cells.source_cell_id,
        resources.source_code,
        cells.raw_file,
        cells.raw_row,
        cells.raw_column,
        replace(
            replace(
                replace(
                    replace(resources.locator_pattern, '{row}', cast(cells.raw_row as string)),
                    '{column}', cast(fields.field_position as string)
                ),
                '{title}', fields.title
            ),
            '{locator}', coalesce(row_locators.row_locator, '')
        ) as locator,
        cells.cell_text as printed_text
    from cells
    inner join fields
        on cells.raw_file = fields.raw_file and cells.raw_column = fields.field_name and fields.is_printed
    inner join resources
        on cells.raw_file = resources.raw_file
    left join row_locators
        on cells.raw_file = row_locators.raw_file and cells.raw_row = row_locators.raw_row
)

select * from final
