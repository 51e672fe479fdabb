with source as (
    select * from {{ ref('int_index_observations_unioned') }}
),

final as (
    select
        index_observation_id,
        country_code,
        indicator_code,
        period_code,
        source_code,
        value,
        published_rank,
        published_level,
        published_rating_class,
        obs_status_code,
        source_cell_id,
        rank_source_cell_id
    from source
)

select * from final
