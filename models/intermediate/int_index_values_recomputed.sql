-- Recomputes the publishers' own figures: the index from its parts, the rank from the index, the level from the thresholds,
-- the rating class from the place within the level.
--
-- Tolerance of an index: its parts are rounded or truncated before they are published, so the recomputed value may be off in
-- the last decimal. Editions whose EGDI has four decimals may differ by one in the fourth, others by half of that. GTMI is
-- published with all its decimals and must agree in the ten that are kept.
with observations as (
    select * from {{ ref('int_index_observations_unioned') }}
),

chosen as (
    select * from {{ ref('int_index_values_chosen') }}
),

weights as (
    select * from {{ ref('stg_codes__index_weights') }}
),

indicators as (
    select * from {{ ref('stg_codes__indicators') }}
),

rating_classes as (
    select * from {{ ref('stg_codes__rating_classes') }}
),

composites as (
    select
        observations.country_code,
        observations.indicator_code,
        observations.period_code,
        observations.source_code,
        observations.value,
        case
            when observations.indicator_code <> 'EGDI' then cast(0.0000000001 as {{ decimal_type() }})
            when max(case when round(observations.value, 4) <> observations.value then 1 else 0 end) over (
                partition by observations.indicator_code, observations.period_code
            ) = 1 then cast(0.00005 as {{ decimal_type() }})
            else cast(0.0001 as {{ decimal_type() }})
        end as tolerance
    from observations
    where observations.indicator_code in ('EGDI', 'GTMI') and observations.source_code in ('un_egov_survey', 'wb_gtmi')
),

parts as (
    select
        observations.country_code,
        indicators.parent_indicator_code as indicator_code,
        observations.period_code,
        observations.source_code,
        count(observations.value) as parts_valued,
        sum(case when weights.weight is null then observations.value end) as unweighted_sum,
        sum(observations.value * weights.weight) as weighted_sum,
        count(weights.weight) as parts_weighted
    from observations
    inner join indicators
        on observations.indicator_code = indicators.indicator_code and indicators.parent_indicator_code is not null
    left join weights
        on
            indicators.parent_indicator_code = weights.indicator_code
            and observations.indicator_code = weights.part_indicator_code
            and observations.period_code = weights.period_code
    group by
        observations.country_code, indicators.parent_indicator_code, observations.period_code, observations.source_code
),

recomputed_values as (
    select
        composites.country_code,
        composites.indicator_code,
        composites.period_code,
        'value' as statistic,
        composites.value as published_value,
        cast(
            case
                when parts.parts_weighted > 0 then parts.weighted_sum
                else {{ quotient('parts.unweighted_sum', 'parts.parts_valued', 10) }}
            end as {{ decimal_type() }}
        ) as recomputed_value,
        cast(null as string) as published_label,
        cast(null as string) as recomputed_label,
        composites.tolerance
    from composites
    inner join parts
        on
            composites.country_code = parts.country_code
            and composites.indicator_code = parts.indicator_code
            and composites.period_code = parts.period_code
            and composites.source_code = parts.source_code
    where composites.value is not null
),

recomputed_ranks as (
    select
        country_code,
        indicator_code,
        period_code,
        'rank' as statistic,
        cast(published_rank as {{ decimal_type() }}) as published_value,
        cast(rank() over (partition by indicator_code, period_code order by value desc) as {{ decimal_type() }}) as recomputed_value,
        cast(null as string) as published_label,
        cast(null as string) as recomputed_label,
        cast(0 as {{ decimal_type() }}) as tolerance
    from observations
    where indicator_code = 'EGDI' and source_code = 'un_egov_survey' and value is not null
),

levels as (
    select
        observations.country_code,
        observations.indicator_code,
        observations.period_code,
        'level' as statistic,
        cast(null as {{ decimal_type() }}) as published_value,
        cast(null as {{ decimal_type() }}) as recomputed_value,
        observations.published_level as published_label,
        chosen.level_code as recomputed_label,
        cast(null as {{ decimal_type() }}) as tolerance
    from observations
    inner join chosen
        on
            observations.country_code = chosen.country_code
            and observations.indicator_code = chosen.indicator_code
            and observations.period_code = chosen.period_code
    where observations.published_level is not null
),

-- the states of a level are divided into four classes of equal size, counted from the best
places as (
    select
        country_code,
        indicator_code,
        period_code,
        level_code,
        4 - {{ whole_quotient(
            '4 * (row_number() over (partition by indicator_code, period_code, level_code order by value desc, published_rank asc, country_code asc) - 1)',
            'count(*) over (partition by indicator_code, period_code, level_code)'
        ) }} as quartile
    from chosen
    where indicator_code = 'EGDI' and source_code = 'un_egov_survey' and value is not null
),

recomputed_classes as (
    select
        observations.country_code,
        observations.indicator_code,
        observations.period_code,
        'rating_class' as statistic,
        cast(null as {{ decimal_type() }}) as published_value,
        cast(null as {{ decimal_type() }}) as recomputed_value,
        observations.published_rating_class as published_label,
        rating_classes.rating_class_code as recomputed_label,
        cast(null as {{ decimal_type() }}) as tolerance
    from observations
    inner join places
        on
            observations.country_code = places.country_code
            and observations.indicator_code = places.indicator_code
            and observations.period_code = places.period_code
    inner join rating_classes
        on places.level_code = rating_classes.level_code and places.quartile = rating_classes.quartile
    where observations.published_rating_class is not null
),

final as (
    select * from recomputed_values
    union all
    select * from recomputed_ranks
    union all
    select * from levels
    union all
    select * from recomputed_classes
)

select * from final
