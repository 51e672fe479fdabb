-- Does a higher index go with a higher share of use online? The rank correlation (Spearman: the correlation of the ranks, equal
-- values sharing the mean of their ranks) among all countries that have both, for each index of the UN and each service that one
-- source counts in many countries.
with shares as (
    select * from {{ ref('rpt_online_share') }}
    where online_share is not null
),

index_values as (
    select * from {{ ref('fct_index_values') }}
    where value is not null
),

indicators as (
    select * from {{ ref('dim_indicators') }}
    where publisher = 'UN DESA'
),

years as (
    select distinct year from shares
),

held_editions as (
    select distinct
        index_values.indicator_code,
        index_values.period_code
    from index_values
    inner join indicators
        on index_values.indicator_code = indicators.indicator_code
),

-- the edition of the year of the use, or the last one before it
editions as (
    select
        years.year,
        held_editions.indicator_code,
        max(held_editions.period_code) as indicator_period_code
    from years
    inner join held_editions
        on cast(held_editions.period_code as integer) <= years.year
    group by years.year, held_editions.indicator_code
),

pairs as (
    select
        shares.source_code,
        shares.service_code,
        shares.service_name_en,
        shares.measure_code,
        shares.period_code,
        editions.indicator_code,
        editions.indicator_period_code,
        shares.online_share,
        index_values.value
    from shares
    inner join editions
        on shares.year = editions.year
    inner join index_values
        on
            shares.country_code = index_values.country_code
            and editions.indicator_code = index_values.indicator_code
            and editions.indicator_period_code = index_values.period_code
),

-- twice the mean rank of equal values, which is the first of their ranks plus half of how many more there are
ranked as (
    select
        *,
        2 * rank() over (partition by source_code, service_code, measure_code, period_code, indicator_code order by online_share)
        + count(*) over (partition by source_code, service_code, measure_code, period_code, indicator_code, online_share) - 1 as share_rank,
        2 * rank() over (partition by source_code, service_code, measure_code, period_code, indicator_code order by value)
        + count(*) over (partition by source_code, service_code, measure_code, period_code, indicator_code, value) - 1 as value_rank
    from pairs
),

-- the covariance and the variances, each times the square of the number of countries: whole numbers
moments as (
    select
        source_code,
        service_code,
        service_name_en,
        measure_code,
        period_code,
        indicator_code,
        indicator_period_code,
        cast(count(*) as integer) as countries,
        count(*) * sum(value_rank * share_rank) - sum(value_rank) * sum(share_rank) as covariance,
        count(*) * sum(value_rank * value_rank) - sum(value_rank) * sum(value_rank) as value_variance,
        count(*) * sum(share_rank * share_rank) - sum(share_rank) * sum(share_rank) as share_variance
    from ranked
    group by
        source_code, service_code, service_name_en, measure_code, period_code, indicator_code, indicator_period_code
    having count(*) >= 10
),

-- a root, a product and a quotient of numbers that floating point holds exactly are the same on every engine, a sum in any order is not
correlated as (
    select
        *,
        cast(
            case when covariance < 0 then -0.001 else 0.001 end
            * cast(
                floor(
                    1000 * cast(abs(covariance) as double)
                    / nullif(sqrt(cast(value_variance as double)) * sqrt(cast(share_variance as double)), 0) + 0.5
                ) as integer
            ) as decimal(4, 3)
        ) as rank_correlation
    from moments
),

final as (
    select
        source_code,
        service_code,
        service_name_en,
        measure_code,
        period_code,
        indicator_code,
        indicator_period_code,
        countries,
        rank_correlation,
        -- less than twice the standard error of a rank correlation of unrelated figures, which is 1 over the root of n - 1
        case
            when coalesce(rank_correlation * rank_correlation * (countries - 1) < 4, true) then 'No clear relation: figures without any could give as much.'
            when rank_correlation > 0 then 'States with a higher index tend to have a higher share online.'
            else 'States with a higher index tend to have a lower share online.'
        end as reading,
        concat_ws(
            '',
            'Among ', countries, ' states that give every channel, which are not a sample of all; where returns must be filed online, ',
            'the share says nothing about choice. That two figures go together does not say that one brings about the other. ',
            case
                when substring(period_code, 1, 4) = indicator_period_code then ''
                else concat_ws('', 'The edition is that of ', indicator_period_code, ', the last before. ')
            end
        ) as caveat
    from correlated
)

select * from final
order by source_code, service_code, measure_code, period_code, indicator_code
