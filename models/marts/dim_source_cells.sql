with source as (
    select * from {{ ref('int_source_cells_located') }}
),

final as (
    select
        source_cell_id,
        source_code,
        raw_file,
        raw_row,
        raw_column,
        locator,
        printed_text
    from source
)

select * from final
