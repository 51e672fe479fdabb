with source as (
    select * from {{ ref('stg_datapackage__sources') }}
),

final as (
    select
        source_code,
        title,
        publisher,
        citation,
        url,
        accessed_on,
        licence
    from source
)

select * from final
