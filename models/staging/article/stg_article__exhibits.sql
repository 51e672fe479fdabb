with source as (
    select * from {{ source('article', 'exhibits') }}
),

final as (
    select
        raw_row,
        exhibit_code,
        locator,
        {{ filled('printed_caption') }} as caption,
        {{ filled('printed_source') }} as source_line,
        case when right(printed_caption, 3) = ', %' then '%' end as printed_unit,
        {{ parse_period('printed_caption') }} as period_code
    from source
)

select * from final
