with source as (
    select * from {{ source('article', 'table_headers') }}
),

final as (
    select
        raw_row,
        exhibit_code,
        cast(header_row as integer) as header_row,
        cast(column_position as integer) as column_position,
        column_name,
        locator,
        {{ filled('printed_text') }} as header,
        {{ parse_period('printed_text') }} as period_code
    from source
)

select * from final
