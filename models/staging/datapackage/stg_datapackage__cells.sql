with source as (
    select * from {{ source('datapackage', 'cells') }}
),

final as (
    select
        raw_file,
        raw_row,
        raw_column,
        cell_text,
        {{ source_cell_id('raw_file', 'raw_row', 'raw_column') }} as source_cell_id
    from source
)

select * from final
