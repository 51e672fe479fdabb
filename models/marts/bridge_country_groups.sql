with source as (
    select * from {{ ref('int_country_groups_unioned') }}
),

final as (
    select
        group_code,
        country_code,
        period_code,
        source_cell_id
    from source
)

select * from final
