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

-- the mean rank of equal values: the first of their ranks plus half of how many more there are
ranked as (
    select
        *,
        rank() over (partition by source_code, service_code, measure_code, period_code, indicator_code order by online_share)
        + (count(*) over (partition by source_code, service_code, measure_code, period_code, indicator_code, online_share) - 1)
        / 2.0 as share_rank,
        rank() over (partition by source_code, service_code, measure_code, period_code, indicator_code order by value)
        + (count(*) over (partition by source_code, service_code, measure_code, period_code, indicator_code, value) - 1)
        / 2.0 as value_rank
    from pairs
),

correlated as (
    select
        source_code,
        service_code,
        service_name_en,
        measure_code,
        period_code,
        indicator_code,
        indicator_period_code,
        cast(count(*) as integer) as countries,
        cast(round(corr(value_rank, share_rank), 3) as decimal(4, 3)) as rank_correlation
    from ranked
    group by
        source_code, service_code, service_name_en, measure_code, period_code, indicator_code, indicator_period_code
    having count(*) >= 10
),

final as (
    select
        *,
        -- twice the standard error of a rank correlation of unrelated figures, 1 / sqrt(n - 1)
        case
            when abs(rank_correlation) < 2 / sqrt(countries - 1) then 'No clear relation: figures without any could give as much.'
            when rank_correlation > 0 then 'States with a higher index tend to have a higher share online.'
            else 'States with a higher index tend to have a lower share online.'
        end as reading,
        concat(
            'Among ', countries, ' states that give every channel, which are not a sample of all; where returns must be filed online, ',
            'the share says nothing about choice. That two figures go together does not say that one brings about the other. ',
            case
                when substring(period_code, 1, 4) = indicator_period_code then ''
                else concat('The edition is that of ', indicator_period_code, ', the last before. ')
            end
        ) as caveat
    from correlated
)

select * from final
order by source_code, service_code, measure_code, period_code, indicator_code
