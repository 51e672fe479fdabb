-- What two sources count of the same service, side by side: a survey of many countries and a national inventory, over all channels
-- and online. A fiscal year of the inventory is compared with the survey's fiscal year that ends in the same year.
with equivalents as (
    select * from {{ ref('stg_codes__service_equivalents') }}
),

sums as (
    select * from {{ ref('int_usage_channels_summed') }}
),

services as (
    select * from {{ ref('dim_services') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

dated as (
    select
        sums.*,
        periods.year,
        lag(sums.usage_all) over (
            partition by sums.source_code, sums.country_code, sums.service_code, sums.measure_code
            order by periods.year
        ) as usage_before
    from sums
    inner join periods
        on sums.period_code = periods.period_code
),

pairs as (
    select
        services.country_code,
        equivalents.service_code as service_code_a,
        equivalents.national_service_code as service_code_b,
        a.year,
        a.source_code as source_code_a,
        a.period_code as period_code_a,
        coalesce(a.printed_total, case when a.channels_missing = 0 then a.usage_all end) as usage_a,
        case when a.channels_missing = 0 then a.usage_online end as online_a,
        b.source_code as source_code_b,
        b.period_code as period_code_b,
        b.usage_all as usage_b,
        b.usage_before = b.usage_all as is_repeated,
        b.usage_online as online_b,
        equivalents.note
    from equivalents
    inner join services
        on equivalents.national_service_code = services.service_code
    inner join dated as a
        on
            equivalents.service_code = a.service_code
            and equivalents.measure_code = a.measure_code
            and services.country_code = a.country_code
    inner join dated as b
        on
            equivalents.national_service_code = b.service_code
            and equivalents.national_measure_code = b.measure_code
            and a.year = b.year
),

final as (
    select
        country_code,
        service_code_a,
        service_code_b,
        year,
        source_code_a,
        period_code_a,
        usage_a,
        source_code_b,
        period_code_b,
        usage_b,
        usage_a - usage_b as difference,
        {{ quotient('(usage_a - usage_b) * 100', 'usage_b', 2) }} as difference_percent,
        online_a,
        online_b,
        online_a - online_b as online_difference,
        case
            when usage_a is null then concat_ws('', 'The survey has no figure for some channel. ', note)
            when usage_a <> usage_b and is_repeated
                then concat_ws('', 'The inventory repeats its sum of the year before, which the survey does not. ', note)
            when usage_a = usage_b then concat_ws('', 'The two agree. ', note)
            when online_a = online_b then concat_ws('', 'The two agree online and differ in the other channels. ', note)
            when abs(usage_a - usage_b) * 20 <= usage_b then concat_ws('', 'The two differ by less than five percent, and neither source says why. ', note)
            else concat_ws('', 'The two differ, and neither source says why. ', note)
        end as explanation
    from pairs
)

select * from final
order by country_code, service_code_a, year
