with source as (
    select * from {{ source('codes', 'country_groups') }}
),

final as (
    select
        group_code,
        name_en,
        definition,
        source_code,
        {{ filled('printed_name') }} as printed_name
    from source
)

select * from final
