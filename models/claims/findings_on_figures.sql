-- Oddities of figures of indicators and of their breakdowns that a rule finds, so that it also finds the next one. The figures stay
-- as published.
with breakdowns as (
    select
        breakdowns.*,
        cells.locator,
        cells.printed_text
    from {{ ref('fct_indicator_breakdowns') }} as breakdowns
    inner join {{ ref('dim_source_cells') }} as cells
        on breakdowns.source_cell_id = cells.source_cell_id
),

observations as (
    select
        observations.*,
        cells.locator,
        cells.printed_text
    from {{ ref('fct_index_observations') }} as observations
    inner join {{ ref('dim_source_cells') }} as cells
        on observations.source_cell_id = cells.source_cell_id
),

indicators as (
    select * from {{ ref('dim_indicators') }}
),

regions as (
    select * from {{ ref('dim_regions') }}
),

outside_scale as (
    select
        concat_ws('', 'outside_scale_', breakdowns.indicator_breakdown_id) as finding_code,
        breakdowns.country_code,
        breakdowns.source_code,
        breakdowns.locator,
        breakdowns.printed_text,
        breakdowns.printed_text as reading,
        'A published figure outside the scale of its index stays as published' as rule,
        concat_ws('', 'The scale ends at ', {{ shown('indicators.maximum_value') }}, '.') as note,
        breakdowns.source_cell_id
    from breakdowns
    inner join indicators
        on breakdowns.indicator_code = indicators.indicator_code
    where breakdowns.value not between indicators.minimum_value and indicators.maximum_value
),

before_region as (
    select
        concat_ws('', 'before_region_', breakdowns.region_code, '_', breakdowns.source_code) as finding_code,
        breakdowns.country_code,
        breakdowns.source_code,
        concat_ws('', 'Figures of ', regions.name_en, ', ', min(breakdowns.period_code), ' to ', max(breakdowns.period_code)) as locator,
        cast(null as string) as printed_text,
        'worked out backwards' as reading,
        'A figure of a region for a year that ended before the region began was worked out backwards' as rule,
        concat_ws(
            '',
            'Figures: ', count(*), ', of indicators: ', count(distinct breakdowns.indicator_code), '. The region began on ',
            cast(regions.valid_from as string), '.'
        ) as note,
        cast(null as string) as source_cell_id
    from breakdowns
    inner join regions
        on breakdowns.region_code = regions.region_code
    where cast(breakdowns.period_code as integer) < cast(substring(cast(regions.valid_from as string), 1, 4) as integer)
    group by
        breakdowns.region_code, breakdowns.source_code, breakdowns.country_code, regions.name_en, regions.valid_from
),

-- the regions of an indicator that counts things, added up
by_indicator as (
    select
        breakdowns.indicator_code,
        indicators.parent_indicator_code,
        breakdowns.country_code,
        breakdowns.source_code,
        breakdowns.period_code,
        sum(breakdowns.value) as regions_value
    from breakdowns
    inner join indicators
        on breakdowns.indicator_code = indicators.indicator_code
    where
        indicators.unit_code = 'thousands' and breakdowns.region_code is not null
        and breakdowns.sex_code is null and breakdowns.age_code is null and breakdowns.settlement_code is null
    group by
        breakdowns.indicator_code, indicators.parent_indicator_code, breakdowns.country_code, breakdowns.source_code,
        breakdowns.period_code
),

-- the regions of its parts stand for an indicator that has no regions of its own
regional_sums as (
    select
        indicator_code,
        country_code,
        source_code,
        period_code,
        regions_value
    from by_indicator
    union all
    select
        parent_indicator_code as indicator_code,
        country_code,
        source_code,
        period_code,
        sum(regions_value) as regions_value
    from by_indicator
    where parent_indicator_code is not null
    group by parent_indicator_code, country_code, source_code, period_code
),

-- about twenty regions rounded to a tenth differ from their sum by less than one
not_the_sum as (
    select
        concat_ws('', 'not_the_sum_of_regions_', observations.index_observation_id) as finding_code,
        observations.country_code,
        observations.source_code,
        observations.locator,
        observations.printed_text,
        observations.printed_text as reading,
        'A national figure that its regions do not add up to stays as published' as rule,
        concat_ws('', 'The regions give ', {{ shown('regional_sums.regions_value', 1) }}, '.') as note,
        observations.source_cell_id
    from observations
    inner join regional_sums
        on
            observations.indicator_code = regional_sums.indicator_code
            and observations.country_code = regional_sums.country_code
            and observations.source_code = regional_sums.source_code
            and observations.period_code = regional_sums.period_code
    where abs(observations.value - regional_sums.regions_value) >= 1
),

two_figures as (
    select
        concat_ws('', 'two_figures_', index_observation_id) as finding_code,
        country_code,
        source_code,
        locator,
        printed_text,
        'not known' as reading,
        'Of two figures that a file prints for the same year, none is preferred' as rule,
        obs_evidence as note,
        source_cell_id
    from observations
    where obs_evidence like 'None: the file prints two figures%'
),

-- ranks of a year that fit the scores of the next year better than those of the same year
ranks as (
    select * from observations
    where indicator_code = 'DB_RANK'
),

places as (
    select
        country_code,
        period_code,
        rank() over (partition by period_code order by value desc) as place
    from observations
    where indicator_code = 'DB_SCORE_DB17_20' and value is not null
),

fits as (
    select
        ranks.source_code,
        ranks.period_code,
        cast(places.period_code as integer) - cast(ranks.period_code as integer) as years_later,
        {{ mean('abs(ranks.published_rank - places.place)', 1) }} as mean_difference
    from ranks
    inner join places
        on
            ranks.country_code = places.country_code
            and cast(places.period_code as integer) - cast(ranks.period_code as integer) between 0 and 1
    group by ranks.source_code, ranks.period_code, places.period_code
),

year_of_report as (
    select
        concat_ws('', 'year_of_report_', lower(this_year.source_code), '_', this_year.period_code) as finding_code,
        cast(null as string) as country_code,
        this_year.source_code,
        concat_ws('', 'Ranks of ', this_year.period_code) as locator,
        this_year.period_code as printed_text,
        cast(cast(this_year.period_code as integer) + 1 as string) as reading,
        'Ranks that fit the scores of the next year better may be those of the report that names the next year' as rule,
        concat_ws(
            '',
            'They differ from the order of the scores by ', {{ shown('this_year.mean_difference', 1) }}, ' places in the mean, from that of the next year by ',
            {{ shown('next_year.mean_difference', 1) }}, '.'
        ) as note,
        cast(null as string) as source_cell_id
    from fits as this_year
    inner join fits as next_year
        on
            this_year.source_code = next_year.source_code
            and this_year.period_code = next_year.period_code
            and this_year.years_later = 0 and next_year.years_later = 1
    where next_year.mean_difference < this_year.mean_difference
),

final as (
    select * from outside_scale
    union all
    select * from before_region
    union all
    select * from not_the_sum
    union all
    select * from two_figures
    union all
    select * from year_of_report
)

select
    replace(replace(lower(finding_code), '.', '_'), '-', '_') as finding_code,
    country_code,
    source_code,
    locator,
    printed_text,
    reading,
    rule,
    note,
    source_cell_id
from final
