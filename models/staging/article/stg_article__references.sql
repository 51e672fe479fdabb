with source as (
    select * from {{ source('article', 'references') }}
),

final as (
    select
        raw_row,
        cast(entry as integer) as entry,
        try_cast(regexp_extract(printed_number, '^([0-9]+)', 1) as integer) as reference_number,
        {{ filled('printed_author') }} as author,
        {{ filled('printed_title') }} as title,
        {{ filled('printed_translation') }} as title_en,
        {{ filled('printed_details') }} as details,
        try_cast(nullif(printed_year, '') as integer) as year,
        {{ filled('printed_address') }} as url,
        {{ parse_day('printed_accessed') }} as accessed_on,
        {{ source_cell_id("'article/references.csv'", 'raw_row', "'printed_title'") }} as source_cell_id
    from source
)

select * from final
