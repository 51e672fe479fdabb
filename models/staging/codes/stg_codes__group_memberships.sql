with source as (
    select * from {{ source('codes', 'group_memberships') }}
),

final as (
    select
        group_code,
        country_code,
        {{ parse_end_of_span('valid_from') }} as valid_from,
        {{ parse_end_of_span('valid_to') }} as valid_to,
        {{ source_cell_id("'codes/group_memberships.csv'", 'raw_row', "'country_code'") }} as source_cell_id
    from source
)

select * from final
