-- Published figures next to recomputed ones. Every row that does not agree must have a reason, or the build fails.
with recomputed as (
    select * from {{ ref('int_index_values_recomputed') }}
),

deviations as (
    select * from {{ ref('stg_codes__known_deviations') }}
),

index_values as (
    select * from {{ ref('fct_index_values') }}
),

countries as (
    select * from {{ ref('dim_countries') }}
),

-- equal printed values with different ranks: the publisher broke the tie by decimals that it does not print
ties as (
    select
        country_code,
        indicator_code,
        period_code
    from (
        select
            *,
            count(*) over (partition by indicator_code, period_code, value) as states_with_value,
            count(*) over (partition by indicator_code, period_code, value, published_rank) as states_with_rank
        from index_values
        where value is not null and published_rank is not null
    ) as counted
    where states_with_value > states_with_rank
),

compared as (
    select
        recomputed.*,
        published_value - recomputed_value as difference,
        case
            when statistic in ('value', 'rank') then abs(published_value - recomputed_value) <= tolerance
            else published_label = recomputed_label
        end as agrees
    from recomputed
),

final as (
    select
        compared.country_code,
        countries.name_en as country_name,
        compared.indicator_code,
        compared.period_code,
        compared.statistic,
        compared.published_value,
        compared.recomputed_value,
        cast(compared.difference as {{ decimal_type() }}) as difference,
        compared.published_label,
        compared.recomputed_label,
        compared.agrees,
        case
            when compared.agrees then null
            when deviations.reason is not null then deviations.reason
            when compared.statistic = 'rank' and ties.country_code is not null
                then 'The printed values are equal; the publisher ranks them apart by decimals that it does not print.'
        end as reason
    from compared
    inner join countries
        on compared.country_code = countries.country_code
    left join deviations
        on
            compared.country_code = deviations.country_code
            and compared.indicator_code = deviations.indicator_code
            and compared.period_code = deviations.period_code
            and compared.statistic = deviations.statistic
    left join ties
        on
            compared.country_code = ties.country_code
            and compared.indicator_code = ties.indicator_code
            and compared.period_code = ties.period_code
)

select * from final
