with source as (
    select * from {{ source('article', 'table_3') }}
),

final as (
    select
        raw_row,
        service as service_names,
        {{ parse_count('usage_2017') }} as usage_2017,
        {{ parse_count('usage_2018') }} as usage_2018,
        {{ parse_count('usage_2019_january') }} as usage_2019_january,
        {{ parse_count('usage_2020_january') }} as usage_2020_january,
        {{ parse_count('usage_2021_january') }} as usage_2021_january
    from source
)

select * from final
