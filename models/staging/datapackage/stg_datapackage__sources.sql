with source as (
    select * from {{ source('datapackage', 'sources') }}
),

final as (
    select
        source_code,
        title,
        publisher,
        standing,
        citation,
        {{ filled('url') }} as url,
        copied_by,
        cast({{ filled('accessed_on') }} as date) as accessed_on,
        licence
    from source
)

select * from final
