with source as (
    select * from {{ ref('int_index_values_chosen') }}
),

final as (
    select
        index_value_id,
        country_code,
        indicator_code,
        period_code,
        value,
        published_rank,
        countries_ranked,
        level_code,
        rating_class_code,
        obs_status_code,
        source_code,
        source_cell_id
    from source
)

select * from final
