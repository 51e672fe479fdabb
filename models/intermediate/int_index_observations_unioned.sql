-- One row per country, indicator, period and source: what the source prints, and the cells it comes from. If a source prints
-- a figure in several places, the place with the highest precedence counts. If a figure was revised, the newest edition counts.
with article as (
    select * from {{ ref('int_article_index_figures_unpivoted') }}
),

series as (
    select * from {{ ref('int_series_figures_unpivoted') }}
),

figures as (
    select
        country_code,
        indicator_code,
        period_code,
        source_code,
        statistic,
        figure,
        label,
        case when figure is null and label is null then 'O' else 'A' end as obs_status_code,
        cast(null as string) as obs_evidence,
        source_cell_id,
        precedence
    from article
    union all
    select
        country_code,
        indicator_code,
        period_code,
        source_code,
        statistic,
        figure,
        cast(null as string) as label,
        obs_status_code,
        obs_evidence,
        source_cell_id,
        vintage as precedence
    from series
),

ordered as (
    select
        *,
        row_number() over (
            partition by country_code, indicator_code, period_code, source_code, statistic
            order by precedence, source_cell_id
        ) as print_number
    from figures
),

first_prints as (
    select * from ordered
    where print_number = 1
),

pivoted as (
    select
        country_code,
        indicator_code,
        period_code,
        source_code,
        max(case when statistic = 'value' then figure end) as value,
        cast(max(case when statistic = 'rank' then figure end) as integer) as published_rank,
        max(case when statistic = 'percentile_rank' then figure end) as published_percentile_rank,
        max(case when statistic = 'standard_error' then figure end) as standard_error,
        cast(max(case when statistic = 'number_of_sources' then figure end) as integer) as number_of_sources,
        max(case when statistic = 'level' then label end) as published_level,
        max(case when statistic = 'rating_class' then label end) as published_rating_class,
        coalesce(max(case when statistic = 'value' then obs_status_code end), 'O') as obs_status_code,
        max(case when statistic = 'value' then obs_evidence end) as obs_evidence,
        max(case when statistic = 'value' then source_cell_id end) as value_cell_id,
        max(case when statistic = 'rank' then source_cell_id end) as rank_source_cell_id
    from first_prints
    group by country_code, indicator_code, period_code, source_code
),

final as (
    select
        concat_ws('', country_code, '.', indicator_code, '.', period_code, '.', source_code) as index_observation_id,
        country_code,
        indicator_code,
        period_code,
        source_code,
        value,
        published_rank,
        published_percentile_rank,
        standard_error,
        number_of_sources,
        published_level,
        published_rating_class,
        obs_status_code,
        obs_evidence,
        coalesce(value_cell_id, rank_source_cell_id) as source_cell_id,
        rank_source_cell_id
    from pivoted
)

select * from final
