-- The one figure to use if several sources give it: the publisher's own before a copy, a copy before a quotation.
with observations as (
    select * from {{ ref('int_index_observations_unioned') }}
),

sources as (
    select * from {{ ref('stg_datapackage__sources') }}
),

editions as (
    select * from {{ ref('int_index_editions_sized') }}
),

indicators as (
    select * from {{ ref('stg_codes__indicators') }}
),

levels as (
    select * from {{ ref('stg_codes__levels') }}
),

ordered as (
    select
        observations.*,
        max(observations.published_rating_class) over (
            partition by observations.country_code, observations.indicator_code, observations.period_code
        ) as rating_class_by_any,
        row_number() over (
            partition by observations.country_code, observations.indicator_code, observations.period_code
            order by
                case sources.standing when 'publisher' then 1 when 'copy' then 2 else 3 end,
                observations.source_code
        ) as choice
    from observations
    inner join sources
        on observations.source_code = sources.source_code
),

final as (
    select
        concat_ws('', ordered.country_code, '.', ordered.indicator_code, '.', ordered.period_code) as index_value_id,
        ordered.country_code,
        ordered.indicator_code,
        ordered.period_code,
        ordered.value,
        ordered.published_rank,
        ordered.published_percentile_rank,
        ordered.standard_error,
        case when ordered.published_rank is not null then editions.countries_ranked end as countries_ranked,
        levels.level_code,
        ordered.rating_class_by_any as rating_class_code,
        ordered.obs_status_code,
        ordered.obs_evidence,
        ordered.source_code,
        ordered.source_cell_id
    from ordered
    inner join indicators
        on ordered.indicator_code = indicators.indicator_code
    left join editions
        on ordered.indicator_code = editions.indicator_code and ordered.period_code = editions.period_code
    -- the UN defines levels only for its own indices
    left join levels
        on
            indicators.publisher = 'UN DESA'
            and ordered.value >= levels.minimum_value
            and ordered.value < levels.below_value
    where ordered.choice = 1
)

select * from final
