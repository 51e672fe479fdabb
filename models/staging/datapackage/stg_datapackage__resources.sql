with source as (
    select * from {{ source('datapackage', 'resources') }}
),

final as (
    select
        resource_name,
        raw_file,
        source_code,
        title,
        {{ filled('locator') }} as locator_pattern
    from source
)

select * from final
