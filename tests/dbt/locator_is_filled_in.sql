-- A locator has no placeholder left, and no printed cell is without one.
select
    source_cell_id,
    locator
from {{ ref('dim_source_cells') }}
where locator is null or locator = '' or position('{' in locator) > 0
