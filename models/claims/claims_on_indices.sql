-- What the index figures say about the article's claims: one row per claim, judged again in every build. A claim whose figures
-- are not in the warehouse gets no verdict here and stays not_checkable. What a claim asserts in figures, and how we read its
-- vague words, stands in raw/article/claims.csv; docs/verdicts.md gives the rule behind each kind of verdict.
{% set group_levels = {
    'osi_vh_hci_vh_tii_h': ('very_high', 'very_high', 'high'),
    'osi_vh_tii_vh_hci_h': ('very_high', 'high', 'very_high'),
    'osi_vh_tii_h_hci_h': ('very_high', 'high', 'high'),
    'osi_vh_hci_h_tii_m': ('very_high', 'high', 'middle'),
} %}
{% set rise -%}
    cast(
        max(case when marked.period_code = marked.last_period then marked.value end)
        - max(case when marked.period_code = marked.first_period then marked.value end) as {{ decimal_type() }}
    )
{%- endset %}
{% set two_errors = 'cast(2 * marked.standard_error as ' ~ decimal_type() ~ ')' %}

with said as (
    select
        claim_code,
        cast({{ stated('asserted', 'rank') }} as integer) as ranked,
        cast({{ stated('asserted', 'countries') }} as integer) as countries,
        cast({{ stated('asserted', 'place') }} as integer) as place,
        {{ stated('asserted', 'period') }} as period_code,
        {{ stated('asserted', 'from') }} as first_period,
        {{ stated('asserted', 'to') }} as last_period,
        {{ stated('asserted', 'level') }} as level_code,
        {{ stated('asserted', 'hci') }} as hci_level,
        {{ stated('asserted', 'tii') }} as tii_level,
        {{ stated('asserted', 'before') }} as level_before,
        {{ stated('asserted', 'after') }} as level_after,
        cast({{ stated('reading', 'percent') }} as integer) as read_percent,
        cast({{ stated('reading', 'share') }} as decimal(3, 2)) as read_share,
        cast({{ stated('reading', 'refuted') }} as decimal(3, 2)) as read_refuted,
        {{ stated('reading', 'until') }} as read_until
    from {{ ref('stg_article__claims') }}
),

index_values as (
    select * from {{ ref('fct_index_values') }}
),

recomputation as (
    select * from {{ ref('int_index_values_recomputed') }}
),

observations as (
    select * from {{ ref('fct_index_observations') }}
),

memberships as (
    select * from {{ ref('bridge_country_groups') }}
),

indicators as (
    select * from {{ ref('dim_indicators') }}
),

-- EGDI and its parts side by side, one row per country, for the edition that the article discusses
survey_2020 as (
    select
        country_code,
        max(case when indicator_code = 'EGDI' then value end) as egdi,
        max(case when indicator_code = 'OSI' then value end) as osi,
        max(case when indicator_code = 'TII' then value end) as tii,
        max(case when indicator_code = 'HCI' then value end) as hci,
        max(case when indicator_code = 'EGDI' then published_rank end) as egdi_rank,
        max(case when indicator_code = 'EGDI' then countries_ranked end) as countries_ranked,
        max(case when indicator_code = 'OSI' then level_code end) as osi_level,
        max(case when indicator_code = 'TII' then level_code end) as tii_level,
        max(case when indicator_code = 'HCI' then level_code end) as hci_level
    from index_values
    where period_code = {{ said('egdi_rank_2020', 'period_code') }} and indicator_code in ('EGDI', 'OSI', 'TII', 'HCI')
    group by country_code
),

-- the edition is whole if every country that the survey ranked has a value
edition_2020 as (
    select
        count(egdi) as countries_valued,
        max(countries_ranked) as countries_ranked,
        count(egdi) = max(countries_ranked) as is_whole
    from survey_2020
),

-- the levels that define each group of Table 2
group_levels as (
    {%- for group, levels in group_levels.items() %}
    select
        '{{ group }}' as group_code,
        '{{ levels[0] }}' as osi_level,
        '{{ levels[1] }}' as hci_level,
        '{{ levels[2] }}' as tii_level
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

internet as (
    select
        min(period_code) as first_period,
        max(period_code) as last_period,
        max(case when is_first then value end) as first_value,
        max(case when is_last then value end) as last_value,
        max(case when period_code = {{ said('internet_majority_2021', 'period_code') }} then value end) as value_2021
    from (
        select
            *,
            period_code = min(period_code) over () as is_first,
            period_code = max(period_code) over () as is_last
        from index_values
        where country_code = 'KAZ' and indicator_code = 'INTERNET_USERS_16_74' and value is not null
    ) as series
),

internet_all_ages as (
    select
        max(case when period_code = {{ said('internet_use_grew', 'first_period') }} then value end) as value_2008,
        max(case when period_code = {{ said('internet_use_grew', 'last_period') }} then value end) as value_2021
    from index_values
    where country_code = 'KAZ' and indicator_code = 'INTERNET_USERS'
),

-- what the national statistics say, one row per indicator: its first, lowest and last year
national as (
    select
        indicator_code,
        count(*) as years,
        max(case when period_code = first_period then value end) as first_value,
        max(first_period) as first_period,
        max(case when period_code = last_period then value end) as last_value,
        max(last_period) as last_period,
        min(value) as lowest_value,
        max(case when value = lowest then period_code end) as lowest_period,
        cast(sum(case when value < value_before then 1 else 0 end) as integer) as falls
    from (
        select
            *,
            min(period_code) over (partition by indicator_code) as first_period,
            max(period_code) over (partition by indicator_code) as last_period,
            min(value) over (partition by indicator_code) as lowest,
            lag(value) over (partition by indicator_code order by period_code) as value_before
        from index_values
        where country_code = 'KAZ' and source_code = 'kz_bns_sdg' and value is not null
    ) as series
    group by indicator_code
),

digital_literacy_grows as (
    select
        'digital_literacy_grows' as claim_code,
        case
            when years < 2 then null
            when last_value <= first_value then 'contradicted'
            else 'supported_with_qualification'
        end as verdict,
        'a higher share in the last year than in the first' as expected,
        concat_ws(
            '',
            'digitally literate: ', {{ shown('first_value', 1) }}, '% in ', first_period, ', ', {{ shown('last_value', 1) }}, '% in ', last_period
        ) as observed,
        'marts.fct_index_values: KAZ.KZ_DIGITAL_LITERACY.*' as evidence,
        concat_ws(
            '',
            'The share of people aged 6 to 74 whom the national statistics call digitally literate, in ', years, ' years, with ',
            falls, ' falls. How literacy was measured is not said here.'
        ) as note
    from national
    where indicator_code = 'KZ_DIGITAL_LITERACY'
),

quality_improves as (
    select
        'quality_improves' as claim_code,
        'not_checkable' as verdict,
        'no measure: no figure here is about the quality of the portal' as expected,
        concat_ws(
            '',
            'satisfied with public services: ', {{ shown('first_value', 1) }}, '% in ', first_period, ', ',
            {{ shown('lowest_value', 1) }}, '% in ', lowest_period, ', ', {{ shown('last_value', 1) }}, '% in ', last_period
        ) as observed,
        'marts.fct_index_values: KAZ.PUBLIC_SERVICE_SATISFACTION.*' as evidence,
        'The share is about all public services, not the portal alone. Counts of use do not measure quality; the ranks are judged in rank_gradual_rise.' as note
    from national
    where indicator_code = 'PUBLIC_SERVICE_SATISFACTION'
),

mobile_majority as (
    select
        'mobile_majority' as claim_code,
        'not_checkable' as verdict,
        'no measure: by which device people reach the Internet' as expected,
        concat_ws('', 'owners of a mobile phone: ', {{ shown('last_value', 1) }}, '% in ', last_period) as observed,
        'marts.fct_index_values: KAZ.MOBILE_PHONE_OWNERS.*' as evidence,
        'Whoever owns a phone need not reach the Internet with it; no source here tells by which device people do.' as note
    from national
    where indicator_code = 'MOBILE_PHONE_OWNERS'
),

internet_national as (
    select
        concat_ws(
            '',
            {{ shown('first_value', 1) }}, '% in ', first_period, ', ', {{ shown('last_value', 1) }}, '% in ', last_period
        ) as shares
    from national
    where indicator_code = 'INTERNET_USERS_6_74'
),

internet_use_grew as (
    select
        'internet_use_grew' as claim_code,
        case
            when internet.first_period = internet.last_period then null
            when internet.last_value <= internet.first_value or internet_all_ages.value_2021 <= internet_all_ages.value_2008 then 'contradicted'
            when internet_all_ages.value_2021 > internet_all_ages.value_2008 then 'supported'
            when internet.last_value > internet.first_value then 'supported_with_qualification'
        end as verdict,
        'a higher share in 2021 than in 2008, in the figures of the article and in the series of the ITU' as expected,
        concat_ws(
            '',
            {{ shown('internet.first_value', 1) }}, '% in ', internet.first_period, ', ',
            {{ shown('internet.last_value', 1) }}, '% in ', internet.last_period, '; series of the ITU ',
            coalesce({{ shown('internet_all_ages.value_2008', 1) }}, 'none'), '% in 2008, ',
            coalesce({{ shown('internet_all_ages.value_2021', 1) }}, 'none'), '% in 2021; national statistics ',
            coalesce(internet_national.shares, 'none')
        ) as observed,
        'marts.fct_index_values: KAZ.INTERNET_USERS_16_74.*, KAZ.INTERNET_USERS.2008, KAZ.INTERNET_USERS.2021, KAZ.INTERNET_USERS_6_74.*' as evidence,
        concat_ws(
            '',
            'The figures of the article count people aged 16 to 74, the series of the ITU in general people of all ages, the national ',
            'statistics those aged 6 to 74.'
        ) as note
    from internet
    cross join internet_all_ages
    left join internet_national
        on true
),

internet_majority as (
    select
        'internet_majority_2021' as claim_code,
        case
            when least(internet.value_2021, internet_all_ages.value_2021) <= {{ said('internet_majority_2021', 'read_percent') }}
                then 'contradicted'
            when internet.value_2021 > {{ said('internet_majority_2021', 'read_percent') }} then 'supported_with_qualification'
        end as verdict,
        'more than half of the population' as expected,
        concat_ws(
            '',
            {{ shown('internet.value_2021', 1) }}, '% of the people aged 16 to 74; in the series of the ITU, which gives no ages for 2021, ',
            coalesce({{ shown('internet_all_ages.value_2021', 1) }}, 'none'), '%'
        ) as observed,
        'marts.fct_index_values: KAZ.INTERNET_USERS_16_74.2021, KAZ.INTERNET_USERS.2021' as evidence,
        'The base of the printed share is the people aged 16 to 74, not the population.' as note
    from internet
    cross join internet_all_ages
),

-- ranks by edition of the EGDI; all states that were not assessed share the last rank, which does not say how they compare
rank_history as (
    select
        country_code,
        period_code,
        rank,
        lag(rank) over (partition by country_code order by period_code) - rank as places_gained
    from (
        select
            country_code,
            period_code,
            case when value is not null then published_rank end as rank
        from observations
        where indicator_code = 'EGDI' and source_code = 'un_egov_survey'
    ) as ranked
),

median_moves as (
    select
        period_code,
        {{ median('abs(places_gained)', 1) }} as median_move
    from rank_history
    group by period_code
),

-- ranks of Kazakhstan; a fall is minor if it is no larger than the median move of all states between the same two editions
ranks as (
    select
        rank_history.period_code,
        rank_history.rank,
        rank_history.places_gained,
        rank_history.places_gained < 0 as is_fall,
        -rank_history.places_gained > median_moves.median_move as is_more_than_minor,
        rank_history.period_code <= {{ said('rank_gradual_rise', 'read_until') }} as is_of_the_time,
        concat_ws(
            '',
            rank_history.period_code, ' (', -rank_history.places_gained, ' places; median move ', {{ shown('median_moves.median_move', 1) }}, ')'
        ) as fall
    from rank_history
    inner join median_moves
        on rank_history.period_code = median_moves.period_code
    where rank_history.country_code = 'KAZ' and rank_history.rank is not null
),

rank_moves as (
    select
        count(*) as editions,
        max(case when period_code = first_period then rank end) as first_rank,
        max(case when period_code = last_of_the_time then rank end) as last_rank,
        max(case when period_code = last_period then rank end) as rank_now,
        max(last_of_the_time) as last_of_the_time,
        max(last_period) as last_period,
        cast(sum(case when is_fall and is_of_the_time then 1 else 0 end) as integer) as falls,
        cast(sum(case when is_fall and is_more_than_minor and is_of_the_time then 1 else 0 end) as integer) as larger_falls,
        cast(sum(case when is_fall and not is_of_the_time then 1 else 0 end) as integer) as later_falls,
        {{ join_text("case when is_fall and is_more_than_minor and is_of_the_time then fall end", ', ', 'period_code') }} as larger,
        {{ join_text("concat_ws('', period_code, ': ', rank)", ', ', 'period_code') }} as history
    from (
        select
            *,
            min(period_code) over () as first_period,
            max(period_code) over () as last_period,
            max(case when is_of_the_time then period_code end) over () as last_of_the_time
        from ranks
    ) as marked
),

-- Kazakhstan in the other rankings, up to the same year: places by rank, or the share of economies that stand lower. A fall is minor
-- if it is no larger than the median move of all economies.
other_standings as (
    select
        *,
        standing - lag(standing) over (partition by country_code, indicator_code order by period_code) as gain
    from (
        select
            country_code,
            indicator_code,
            period_code,
            value,
            standard_error,
            coalesce(published_percentile_rank, -published_rank) as standing
        from index_values
        where indicator_code = 'DB_RANK' or published_percentile_rank is not null
    ) as standings
    where period_code <= {{ said('rank_gradual_rise', 'read_until') }}
),

other_moves as (
    select
        indicator_code,
        period_code,
        {{ median('abs(gain)') }} as median_move
    from other_standings
    group by indicator_code, period_code
),

other_rankings as (
    select
        indicators.name_en,
        max(case when marked.period_code = marked.last_period then marked.standing end)
        > max(case when marked.period_code = marked.first_period then marked.standing end) as is_better,
        -- a rise of estimates is clear if it is more than twice the standard error of their difference; both are squared, because
        -- a root is not exact
        {{ rise }} > 0
        and {{ rise }} * {{ rise }}
        > max(case when marked.period_code = marked.last_period then {{ two_errors }} * {{ two_errors }} end)
        + max(case when marked.period_code = marked.first_period then {{ two_errors }} * {{ two_errors }} end) as is_clear,
        max(marked.standard_error) is not null as is_estimate,
        cast(sum(case when marked.gain < 0 and -marked.gain > other_moves.median_move then 1 else 0 end) as integer) as larger_falls
    from (
        select
            *,
            min(period_code) over (partition by indicator_code) as first_period,
            max(period_code) over (partition by indicator_code) as last_period
        from other_standings
        where country_code = 'KAZ'
    ) as marked
    inner join other_moves
        on marked.indicator_code = other_moves.indicator_code and marked.period_code = other_moves.period_code
    inner join indicators
        on marked.indicator_code = indicators.indicator_code
    group by indicators.name_en
),

others as (
    select
        cast(count(*) as integer) as held,
        cast(coalesce(sum(case when is_better then 1 else 0 end), 0) as integer) as better,
        cast(coalesce(sum(larger_falls), 0) as integer) as larger_falls,
        cast(coalesce(sum(case when is_estimate then 1 else 0 end), 0) as integer) as estimates,
        cast(coalesce(sum(case when is_clear then 1 else 0 end), 0) as integer) as clear,
        coalesce({{ join_text("case when not is_better then name_en end", ', ', 'name_en') }}, 'none') as worse
    from other_rankings
),

rank_gradual_rise as (
    select
        'rank_gradual_rise' as claim_code,
        case
            when rank_moves.editions < 3 then null
            when rank_moves.last_rank >= rank_moves.first_rank or others.better * 2 < others.held then 'contradicted'
            else 'supported_with_qualification'
        end as verdict,
        'a better rank over the editions, with no fall larger than the median move of all states' as expected,
        concat_ws('', 'ranks ', rank_moves.history) as observed,
        'reports.rpt_rank_history: KAZ, and the median of abs(places_gained) of all states; marts.fct_index_values: KAZ.DB_RANK.*, KAZ.WGI_*' as evidence,
        concat_ws(
            '',
            case
                when rank_moves.larger_falls = 0
                    then
                        concat_ws(
                            '',
                            'Up to ', rank_moves.last_of_the_time, ' the rank went from ', rank_moves.first_rank, ' to ',
                            rank_moves.last_rank, '; of ', rank_moves.falls, ' falls none is larger than the median move. By ',
                            rank_moves.last_period, ' it is ', rank_moves.rank_now, ', with ', rank_moves.later_falls, ' later falls.'
                        )
                else concat_ws(
                    '',
                    'Up to ', rank_moves.last_of_the_time, ' the rank went from ', rank_moves.first_rank, ' to ', rank_moves.last_rank,
                    '; of ', rank_moves.falls,
                    ' falls these are larger than the median move, and so not minor: ', rank_moves.larger, '. By ', rank_moves.last_period, ' it is ',
                    rank_moves.rank_now, ', with ', rank_moves.later_falls, ' later falls.'
                )
            end,
            ' Of ', others.held, ' other rankings up to ', rank_moves.last_of_the_time, ', Kazakhstan stands better at the end than at the start in ',
            others.better, '; not in: ', others.worse, '. Of ', others.estimates, ' that are estimates, ', others.clear,
            ' rose by more than twice their standard error. Falls there larger than the median move: ', others.larger_falls, '.'
        ) as note
    from rank_moves
    cross join others
),

egdi_rank_2020 as (
    select
        'egdi_rank_2020' as claim_code,
        case
            when count(*) = 0 then null
            when
                max(case when country_code = 'KAZ' then published_rank end) = {{ said('egdi_rank_2020', 'ranked') }}
                and count(published_rank) = {{ said('egdi_rank_2020', 'countries') }} then 'supported'
            else 'contradicted'
        end as verdict,
        concat_ws('', 'rank ', {{ said('egdi_rank_2020', 'ranked') }}, ' of ', {{ said('egdi_rank_2020', 'countries') }}) as expected,
        concat_ws('', 'rank ', max(case when country_code = 'KAZ' then published_rank end), ' of ', count(published_rank)) as observed,
        'marts.fct_index_observations: KAZ.EGDI.2020.un_egov_survey' as evidence,
        'By the ranks that the publisher gives.' as note
    from observations
    where
        indicator_code = 'EGDI' and period_code = {{ said('egdi_rank_2020', 'period_code') }}
        and source_code = 'un_egov_survey'
),

egdi_three_parts as (
    select
        'egdi_three_parts' as claim_code,
        case
            when count(*) = 0 then null
            when count(*) = sum(case when {{ quotient('osi + tii + hci', 3, 4) }} = round(egdi, 4) then 1 else 0 end) then 'supported'
            else 'contradicted'
        end as verdict,
        'EGDI is the mean of OSI, TII and HCI to four decimals' as expected,
        concat_ws(
            '',
            'so for ', cast(sum(case when {{ quotient('osi + tii + hci', 3, 4) }} = round(egdi, 4) then 1 else 0 end) as integer),
            ' of ', count(*), ' countries in 2020'
        ) as observed,
        'marts.fct_index_values: *.EGDI.2020, *.OSI.2020, *.TII.2020, *.HCI.2020' as evidence,
        'Every country whose four values for 2020 are held.' as note
    from survey_2020
    where egdi is not null and osi is not null and tii is not null and hci is not null
),

central_asia as (
    select
        survey_2020.*,
        rank() over (order by survey_2020.egdi desc) as place,
        count(survey_2020.egdi) over () as valued
    from memberships
    left join survey_2020
        on memberships.country_code = survey_2020.country_code
    where memberships.group_code = 'central_asia' and memberships.period_code = {{ said('leads_central_asia', 'period_code') }}
),

leads_central_asia as (
    select
        'leads_central_asia' as claim_code,
        case
            when count(*) = 0 or count(*) > count(egdi) then null
            when max(case when country_code = 'KAZ' then place end) = {{ said('leads_central_asia', 'place') }} then 'supported'
            else 'contradicted'
        end as verdict,
        'the highest EGDI of the five states in 2020' as expected,
        {{ join_text("concat_ws('', country_code, ' ', " ~ shown('egdi', 4) ~ ")", ', ', 'place, country_code') }} as observed,
        'marts.fct_index_values: *.EGDI.2020 of bridge_country_groups central_asia' as evidence,
        'Judged only when all five states have a value.' as note
    from central_asia
),

levels_follow_thresholds as (
    select
        'levels_follow_thresholds' as claim_code,
        case
            when count(*) = 0 then null
            when count(*) = sum(case when observations.published_level = index_values.level_code then 1 else 0 end) then 'supported'
            else 'contradicted'
        end as verdict,
        'the level printed is the level of the value, thresholds 0.75, 0.50 and 0.25' as expected,
        concat_ws(
            '',
            cast(sum(case when observations.published_level = index_values.level_code then 1 else 0 end) as integer),
            ' of ', count(*), ' levels agree'
        ) as observed,
        'marts.fct_index_observations.published_level against marts.fct_index_values.level_code' as evidence,
        'Every level that a source prints.' as note
    from observations
    inner join index_values
        on
            observations.country_code = index_values.country_code
            and observations.indicator_code = index_values.indicator_code
            and observations.period_code = index_values.period_code
    where observations.published_level is not null
),

very_high_osi as (
    select
        'very_high_osi' as claim_code,
        case
            when osi_level = {{ said('very_high_osi', 'level_code') }} then 'supported'
            when osi is not null then 'contradicted'
        end as verdict,
        'OSI of at least 0.75 in 2020' as expected,
        concat_ws('', 'OSI ', {{ shown('osi', 4) }}) as observed,
        'marts.fct_index_values: KAZ.OSI.2020' as evidence,
        'By the thresholds of the UN.' as note
    from survey_2020
    where country_code = 'KAZ'
),

very_high_hci_high_tii as (
    select
        'very_high_hci_high_tii' as claim_code,
        case
            when
                hci_level = {{ said('very_high_hci_high_tii', 'hci_level') }}
                and tii_level = {{ said('very_high_hci_high_tii', 'tii_level') }} then 'supported'
            when hci is not null and tii is not null then 'contradicted'
        end as verdict,
        'HCI of at least 0.75, TII from 0.50 to below 0.75' as expected,
        concat_ws('', 'HCI ', {{ shown('hci', 4) }}, ', TII ', {{ shown('tii', 4) }}) as observed,
        'marts.fct_index_values: KAZ.HCI.2020, KAZ.TII.2020' as evidence,
        'By the thresholds of the UN.' as note
    from survey_2020
    where country_code = 'KAZ'
),

table_2 as (
    select
        memberships.group_code,
        memberships.country_code,
        survey_2020.osi,
        survey_2020.tii,
        survey_2020.hci,
        survey_2020.osi_level = group_levels.osi_level
        and survey_2020.hci_level = group_levels.hci_level
        and survey_2020.tii_level = group_levels.tii_level as is_in_its_group
    from memberships
    inner join group_levels
        on memberships.group_code = group_levels.group_code
    left join survey_2020
        on memberships.country_code = survey_2020.country_code
    where memberships.period_code = {{ said('table_2_memberships', 'period_code') }}
),

table_2_memberships as (
    select
        'table_2_memberships' as claim_code,
        case
            when count(is_in_its_group) = 0 then null
            when sum(case when not is_in_its_group then 1 else 0 end) > 0 then 'contradicted'
            when count(is_in_its_group) < count(*) then 'supported_with_qualification'
            else 'supported'
        end as verdict,
        'each of the listed countries meets the thresholds of its group' as expected,
        concat_ws(
            '',
            cast(sum(case when is_in_its_group then 1 else 0 end) as integer), ' meet them, ',
            cast(sum(case when not is_in_its_group then 1 else 0 end) as integer), ' do not, ',
            count(*) - count(is_in_its_group), ' have no values here'
        ) as observed,
        'marts.bridge_country_groups: osi_vh_*; marts.fct_index_values: *.OSI.2020, *.HCI.2020, *.TII.2020' as evidence,
        concat_ws('', 'Judged on ', count(is_in_its_group), ' of ', count(*), ' countries.') as note
    from table_2
),

everywhere as (
    select
        cast(sum(case when tii < hci then 1 else 0 end) as integer) as below,
        count(*) as states
    from survey_2020
    where tii is not null and hci is not null
),

-- the group is defined by an HCI level above its TII level, so its figures must agree
infrastructure_lags as (
    select
        'infrastructure_lags' as claim_code,
        case
            when count(table_2.tii) = 0 then null
            when sum(case when table_2.tii >= table_2.hci then 1 else 0 end) > 0 then 'contradicted'
            else 'supported_with_qualification'
        end as verdict,
        'TII below HCI in every country of the group' as expected,
        concat_ws(
            '',
            cast(sum(case when table_2.tii < table_2.hci then 1 else 0 end) as integer), ' of ', count(table_2.tii),
            ' countries with values; of all states ', max(everywhere.below), ' of ', max(everywhere.states)
        ) as observed,
        'marts.bridge_country_groups: osi_vh_hci_vh_tii_h; marts.fct_index_values: *.TII.2020, *.HCI.2020' as evidence,
        concat_ws(
            '',
            'The group is defined by a level of HCI above that of TII, so its figures must agree; the same holds for ',
            {{ shown(quotient('max(everywhere.below) * 100', 'max(everywhere.states)', 0)) }},
            '% of all states. Figures cannot say whether it hinders development.'
        ) as note
    from table_2
    cross join everywhere
    where table_2.group_code = 'osi_vh_hci_vh_tii_h'
),

very_high_osi_states as (
    select
        survey_2020.country_code,
        case when table_2.country_code is null then survey_2020.country_code end as unlisted_code
    from survey_2020
    left join table_2
        on survey_2020.country_code = table_2.country_code
    where survey_2020.osi_level = {{ said('table_2_complete', 'level_code') }}
),

table_2_complete as (
    select
        'table_2_complete' as claim_code,
        case
            when not coalesce(max(edition_2020.is_whole), false) then null
            when count(very_high_osi_states.unlisted_code) = 0 then 'supported'
            else 'contradicted'
        end as verdict,
        'every country with an OSI of at least 0.75 is listed' as expected,
        concat_ws(
            '',
            count(*), ' countries have it, ', count(very_high_osi_states.unlisted_code), ' of them not listed: ',
            {{ join_text('very_high_osi_states.unlisted_code', ', ', 'very_high_osi_states.unlisted_code') }}
        ) as observed,
        'marts.fct_index_values: *.OSI.2020 not in marts.bridge_country_groups osi_vh_*' as evidence,
        'The table has no group for countries that are very high in HCI and TII at once.' as note
    from very_high_osi_states
    cross join edition_2020
),

landlocked as (
    select
        survey_2020.country_code,
        lldc.country_code is not null as is_lldc,
        survey_2020.egdi,
        survey_2020.egdi_rank,
        rank() over (order by survey_2020.egdi desc) as place,
        rank() over (partition by lldc.country_code is not null order by survey_2020.egdi desc) as place_by_lldc,
        case
            when survey_2020.egdi > max(case when survey_2020.country_code = 'KAZ' then survey_2020.egdi end) over ()
                then concat_ws('', survey_2020.country_code, ' (rank ', survey_2020.egdi_rank, ')')
        end as state_ahead
    from memberships
    inner join survey_2020
        on memberships.country_code = survey_2020.country_code
    left join memberships as lldc
        on memberships.country_code = lldc.country_code and memberships.period_code = lldc.period_code and lldc.group_code = 'lldc'
    where memberships.group_code = 'landlocked' and memberships.period_code = {{ said('egdi_rank_2020', 'period_code') }}
),

leads_landlocked as (
    select
        'leads_landlocked' as claim_code,
        case
            when not coalesce(max(edition_2020.is_whole), false) then null
            when
                max(case when landlocked.country_code = 'KAZ' then landlocked.place end) = {{ said('leads_landlocked', 'place') }}
                then 'supported'
            else 'contradicted'
        end as verdict,
        'the highest EGDI of the landlocked states in 2020' as expected,
        concat_ws(
            '',
            'place ', max(case when landlocked.country_code = 'KAZ' then landlocked.place end), ' of ', count(*), ', behind ',
            {{ join_text('landlocked.state_ahead', ', ', 'landlocked.egdi_rank') }}
        ) as observed,
        'marts.fct_index_values: *.EGDI.2020 of marts.bridge_country_groups landlocked' as evidence,
        concat_ws(
            '',
            'Among the landlocked developing countries Kazakhstan is in place ',
            max(case when landlocked.country_code = 'KAZ' then landlocked.place_by_lldc end),
            ' of ', cast(sum(case when landlocked.is_lldc then 1 else 0 end) as integer), ': in that wording the claim is ',
            case when max(case when landlocked.country_code = 'KAZ' then landlocked.place_by_lldc end) = 1 then 'true.' else 'wrong too.' end
        ) as note
    from landlocked
    cross join edition_2020
),

-- what the rating classes and the ranks of Table 1 are checked against
table_1_classes as (
    select
        'ratings_follow_values' as claim_code,
        case
            when count(*) = 0 then null
            when count(*) = sum(case when published_label = recomputed_label then 1 else 0 end) then 'supported_with_qualification'
            else 'contradicted'
        end as verdict,
        'the rating printed is the quarter of its level in which the value stands, counted from the best' as expected,
        concat_ws(
            '',
            cast(sum(case when published_label = recomputed_label then 1 else 0 end) as integer), ' of ', count(*), ' ratings agree'
        ) as observed,
        'reports.rpt_recomputation: rating_class' as evidence,
        concat_ws(
            '',
            'Worked out from the values of every state in the edition. No source here says how a level is divided whose states four ',
            'does not divide; the better quarters are taken to be the larger ones, and the rating of Kazakhstan depends on that.'
        ) as note
    from recomputation
    where statistic = 'rating_class' and period_code = {{ said('ratings_follow_values', 'period_code') }}
),

table_1_ranks as (
    select
        'ranks_are_those_of_the_un' as claim_code,
        case
            when count(survey.published_rank) < count(*) or count(*) = 0 then null
            when count(*) = sum(case when article.published_rank = survey.published_rank then 1 else 0 end) then 'supported'
            else 'contradicted'
        end as verdict,
        'the rank printed is the rank of the UN survey' as expected,
        concat_ws(
            '',
            cast(sum(case when article.published_rank = survey.published_rank then 1 else 0 end) as integer),
            ' of ', count(*), ' ranks agree'
        ) as observed,
        'reports.rpt_article_ranks' as evidence,
        'Every rank that the article prints, against the data centre of the UN.' as note
    from observations as article
    left join observations as survey
        on
            article.country_code = survey.country_code
            and article.indicator_code = survey.indicator_code
            and article.period_code = survey.period_code
            and survey.source_code = 'un_egov_survey'
    where article.source_code = 'sabdenov_abdrakhmanova' and article.published_rank is not null
),

leading_position_landlocked as (
    select
        'leading_position_landlocked' as claim_code,
        case
            when not coalesce(max(edition_2020.is_whole), false) then null
            when max(landlocked_places.place) <= max(landlocked_places.states) * {{ said('leading_position_landlocked', 'read_share') }}
                then 'supported_with_qualification'
            when max(landlocked_places.place) > max(landlocked_places.states) * {{ said('leading_position_landlocked', 'read_refuted') }}
                then 'contradicted'
            else 'not_checkable'
        end as verdict,
        'a place in the first tenth of the landlocked states in 2020' as expected,
        concat_ws('', 'place ', max(landlocked_places.place), ' of ', max(landlocked_places.states)) as observed,
        'marts.fct_index_values: *.EGDI.2020 of marts.bridge_country_groups landlocked' as evidence,
        'A leading position is not defined; it is read as the first tenth of the group. leads_landlocked judges the lead itself.' as note
    from (
        select
            max(case when country_code = 'KAZ' then place end) as place,
            count(egdi) as states
        from landlocked
    ) as landlocked_places
    cross join edition_2020
),

very_high_since_2018 as (
    select
        'very_high_since_2018' as claim_code,
        case
            when count(level_code) < 2 then null
            when
                max(case when is_edition then level_code end) = {{ said('very_high_since_2018', 'level_after') }}
                and max(case when not is_edition then level_code end) = {{ said('very_high_since_2018', 'level_before') }} then 'supported'
            else 'contradicted'
        end as verdict,
        'high in 2016, very high in 2018' as expected,
        {{ join_text("concat_ws('', period_code, ' ', " ~ shown('value', 4) ~ ", ' ', level_code)", ', ', 'period_code') }} as observed,
        'marts.fct_index_values: KAZ.EGDI.2016, KAZ.EGDI.2018' as evidence,
        'By the thresholds of the UN; the survey is biennial.' as note
    from (
        select
            *,
            period_code = {{ said('very_high_since_2018', 'period_code') }} as is_edition,
            row_number() over (order by period_code desc) as editions_back
        from index_values
        where
            country_code = 'KAZ' and indicator_code = 'EGDI' and source_code = 'un_egov_survey'
            and period_code <= {{ said('very_high_since_2018', 'period_code') }}
    ) as editions
    where editions_back <= 2
),

final as (
    {%- for claim in [
        'internet_use_grew', 'internet_majority', 'rank_gradual_rise', 'egdi_rank_2020', 'egdi_three_parts',
        'leads_central_asia', 'levels_follow_thresholds', 'very_high_osi', 'very_high_hci_high_tii', 'table_2_memberships',
        'infrastructure_lags', 'table_2_complete', 'leads_landlocked', 'leading_position_landlocked', 'table_1_classes',
        'table_1_ranks', 'very_high_since_2018', 'digital_literacy_grows', 'quality_improves', 'mobile_majority',
    ] %}
    select * from {{ claim }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
