with source as (
    select * from {{ source('codes', 'country_groups') }}
),

final as (
    select
        group_code,
        group_type,
        name_en,
        name_ru,
        name_kk,
        definition,
        source_code,
        {{ filled('printed_name') }} as printed_name
    from source
)

select * from final
