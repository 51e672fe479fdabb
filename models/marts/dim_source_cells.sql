select * from {{ ref('int_source_cells_located') }}
