-- Every value that two sources give, side by side, and why they agree or differ. Internet users of an age are compared
-- with those of all ages, the closest figure that another source gives.
with observations as (
    select * from {{ ref('fct_index_observations') }}
    where value is not null
),

pairs as (
    select
        a.country_code,
        a.indicator_code,
        a.period_code,
        a.source_code as source_code_a,
        a.value as value_a,
        b.source_code as source_code_b,
        b.value as value_b,
        true as is_same_indicator
    from observations as a
    inner join observations as b
        on
            a.country_code = b.country_code
            and a.indicator_code = b.indicator_code
            and a.period_code = b.period_code
            and a.source_code < b.source_code
    union all
    select
        a.country_code,
        a.indicator_code,
        a.period_code,
        a.source_code as source_code_a,
        a.value as value_a,
        b.source_code as source_code_b,
        b.value as value_b,
        false as is_same_indicator
    from observations as a
    inner join observations as b
        on a.country_code = b.country_code and a.period_code = b.period_code
    where a.indicator_code in ('INTERNET_USERS_16_74', 'INTERNET_USERS_6_74') and b.indicator_code = 'INTERNET_USERS'
),

-- the World Bank prints three significant figures
with_magnitude as (
    select
        *,
        case when value_a >= 10 then 1 when value_a >= 1 then 2 when value_a >= 0.1 then 3 else 10 end as wdi_decimals
    from pairs
),

final as (
    select
        country_code,
        indicator_code,
        period_code,
        source_code_a,
        value_a,
        source_code_b,
        value_b,
        cast(value_a - value_b as {{ decimal_type() }}) as difference,
        case
            when not is_same_indicator
                then concat_ws(
                    '',
                    'Perhaps another base: the first counts people aged ',
                    case indicator_code when 'INTERNET_USERS_6_74' then '6' else '16' end, ' to 74, the second people as ',
                    source_code_b, ' defines them, in general of all ages.'
                )
            when value_a = value_b then 'The two agree.'
            when source_code_a = 'wb_data360' and round(value_b, 2) = value_a then 'The copy is rounded to two decimals.'
            when
                source_code_b = 'wb_wdi' and value_b = case wdi_decimals
                    when 1 then round(value_a, 1)
                    when 2 then round(value_a, 2)
                    when 3 then round(value_a, 3)
                end
                then 'The copy is rounded to three significant figures.'
            when source_code_a = 'sabdenov_abdrakhmanova' and round(value_b, 4) = value_a then 'The quotation is rounded to four decimals.'
            else 'The two differ, and no source says why.'
        end as explanation
    from with_magnitude
)

select * from final
