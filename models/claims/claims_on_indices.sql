-- What the index figures say about the article's claims: one row per claim, judged again in every build. A claim whose figures
-- are not in the warehouse gets no verdict here and stays not_checkable.
{% set group_levels = {
    'osi_vh_hci_vh_tii_h': ('very_high', 'very_high', 'high'),
    'osi_vh_tii_vh_hci_h': ('very_high', 'high', 'very_high'),
    'osi_vh_tii_h_hci_h': ('very_high', 'high', 'high'),
    'osi_vh_hci_h_tii_m': ('very_high', 'high', 'middle'),
} %}

with index_values as (
    select * from {{ ref('fct_index_values') }}
),

observations as (
    select * from {{ ref('fct_index_observations') }}
),

memberships as (
    select * from {{ ref('bridge_country_groups') }}
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
    where period_code = '2020' and indicator_code in ('EGDI', 'OSI', 'TII', 'HCI')
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
        max(case when period_code = '2021' then value end) as value_2021
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
        max(case when period_code = '2008' then value end) as value_2008,
        max(case when period_code = '2021' then value end) as value_2021
    from index_values
    where country_code = 'KAZ' and indicator_code = 'INTERNET_USERS'
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
        concat(
            {{ shown('internet.first_value', 1) }}, '% in ', internet.first_period, ', ',
            {{ shown('internet.last_value', 1) }}, '% in ', internet.last_period, '; series of the ITU ',
            coalesce({{ shown('internet_all_ages.value_2008', 1) }}, 'none'), '% in 2008, ',
            coalesce({{ shown('internet_all_ages.value_2021', 1) }}, 'none'), '% in 2021'
        ) as observed,
        'marts.fct_index_values: KAZ.INTERNET_USERS_16_74.*, KAZ.INTERNET_USERS.2008, KAZ.INTERNET_USERS.2021' as evidence,
        'The figures of the article count people aged 16 to 74, the series in general people of all ages.' as note
    from internet
    cross join internet_all_ages
),

internet_majority as (
    select
        'internet_majority_2021' as claim_code,
        case
            when internet.value_2021 <= 50 or internet_all_ages.value_2021 <= 50 then 'contradicted'
            when internet.value_2021 > 50 then 'supported_with_qualification'
        end as verdict,
        'more than half of the population' as expected,
        concat(
            {{ shown('internet.value_2021', 1) }}, '% of the people aged 16 to 74; in the series of the ITU, which gives no ages for 2021, ',
            coalesce({{ shown('internet_all_ages.value_2021', 1) }}, 'none'), '%'
        ) as observed,
        'marts.fct_index_values: KAZ.INTERNET_USERS_16_74.2021, KAZ.INTERNET_USERS.2021' as evidence,
        'The base of the printed share is the people aged 16 to 74, not the population.' as note
    from internet
    cross join internet_all_ages
),

-- ranks of Kazakhstan by edition of the EGDI, each with the previous one
ranks as (
    select
        period_code,
        published_rank,
        lag(published_rank) over (order by period_code) - published_rank as places_gained
    from observations
    where
        country_code = 'KAZ' and indicator_code = 'EGDI' and published_rank is not null
        and source_code = 'un_egov_survey'
),

rank_moves as (
    select
        count(*) as editions,
        max(case when places_gained is null then published_rank end) as first_rank,
        min(case when is_last then published_rank end) as last_rank,
        sum(case when places_gained > 0 then 1 else 0 end) as rises,
        sum(case when places_gained < 0 then 1 else 0 end) as falls,
        -min(places_gained) as largest_fall,
        {{ join_text("concat(period_code, ': ', published_rank)", ', ', 'period_code') }} as history
    from (
        select
            *,
            period_code = max(period_code) over () as is_last
        from ranks
    ) as marked
),

rank_gradual_rise as (
    select
        'rank_gradual_rise' as claim_code,
        case
            when editions < 3 then null
            when last_rank >= first_rank then 'contradicted'
            when falls = 0 then 'supported'
            else 'supported_with_qualification'
        end as verdict,
        'a better rank over the editions, falls between them allowed' as expected,
        concat('ranks ', history) as observed,
        'reports.rpt_rank_history: KAZ' as evidence,
        case
            when falls = 0 then concat(rises, ' rises, no fall; only the ranking by EGDI is held.')
            else concat(
                'The last rank, ', last_rank, case when last_rank < first_rank then ', is better' else ', is not better' end,
                ' than the first, ', first_rank, '; of the ', falls, ' falls between them the largest is of ', largest_fall,
                ' places. Only the ranking by EGDI is held.'
            )
        end as note
    from rank_moves
),

egdi_rank_2020 as (
    select
        'egdi_rank_2020' as claim_code,
        case
            when count(*) = 0 then null
            when max(case when country_code = 'KAZ' then published_rank end) = 29 and count(published_rank) = 193 then 'supported'
            else 'contradicted'
        end as verdict,
        'rank 29 of 193' as expected,
        concat('rank ', max(case when country_code = 'KAZ' then published_rank end), ' of ', count(published_rank)) as observed,
        'marts.fct_index_observations: KAZ.EGDI.2020.un_egov_survey' as evidence,
        'By the ranks that the publisher gives.' as note
    from observations
    where indicator_code = 'EGDI' and period_code = '2020' and source_code = 'un_egov_survey'
),

egdi_three_parts as (
    select
        'egdi_three_parts' as claim_code,
        case
            when count(*) = 0 then null
            when count(*) = sum(case when round((osi + tii + hci) / 3, 4) = round(egdi, 4) then 1 else 0 end) then 'supported'
            else 'contradicted'
        end as verdict,
        'EGDI is the mean of OSI, TII and HCI to four decimals' as expected,
        concat(
            'so for ', cast(sum(case when round((osi + tii + hci) / 3, 4) = round(egdi, 4) then 1 else 0 end) as integer),
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
    where memberships.group_code = 'central_asia' and memberships.period_code = '2020'
),

leads_central_asia as (
    select
        'leads_central_asia' as claim_code,
        case
            when count(*) = 0 or count(*) > count(egdi) then null
            when max(case when country_code = 'KAZ' then place end) = 1 then 'supported'
            else 'contradicted'
        end as verdict,
        'the highest EGDI of the five states in 2020' as expected,
        {{ join_text("concat(country_code, ' ', " ~ shown('egdi', 4) ~ ")", ', ', 'place, country_code') }} as observed,
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
        concat(
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
        case when osi_level = 'very_high' then 'supported' when osi is not null then 'contradicted' end as verdict,
        'OSI of at least 0.75 in 2020' as expected,
        concat('OSI ', {{ shown('osi', 4) }}) as observed,
        'marts.fct_index_values: KAZ.OSI.2020' as evidence,
        'By the thresholds of the UN.' as note
    from survey_2020
    where country_code = 'KAZ'
),

very_high_hci_high_tii as (
    select
        'very_high_hci_high_tii' as claim_code,
        case
            when hci_level = 'very_high' and tii_level = 'high' then 'supported'
            when hci is not null and tii is not null then 'contradicted'
        end as verdict,
        'HCI of at least 0.75, TII from 0.50 to below 0.75' as expected,
        concat('HCI ', {{ shown('hci', 4) }}, ', TII ', {{ shown('tii', 4) }}) as observed,
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
    where memberships.period_code = '2020'
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
        concat(
            cast(sum(case when is_in_its_group then 1 else 0 end) as integer), ' meet them, ',
            cast(sum(case when not is_in_its_group then 1 else 0 end) as integer), ' do not, ',
            count(*) - count(is_in_its_group), ' have no values here'
        ) as observed,
        'marts.bridge_country_groups: osi_vh_*; marts.fct_index_values: *.OSI.2020, *.HCI.2020, *.TII.2020' as evidence,
        concat('Judged on ', count(is_in_its_group), ' of ', count(*), ' countries.') as note
    from table_2
),

infrastructure_lags as (
    select
        'infrastructure_lags' as claim_code,
        case
            when count(tii) = 0 then null
            when sum(case when tii >= hci then 1 else 0 end) > 0 then 'contradicted'
            when count(tii) < count(*) then 'supported_with_qualification'
            else 'supported'
        end as verdict,
        'TII below HCI in every country of the group' as expected,
        concat(cast(sum(case when tii < hci then 1 else 0 end) as integer), ' of ', count(tii), ' countries with values') as observed,
        'marts.bridge_country_groups: osi_vh_hci_vh_tii_h; marts.fct_index_values: *.TII.2020, *.HCI.2020' as evidence,
        concat('Judged on ', count(tii), ' of ', count(*), ' countries; whether it hinders development is not for figures to say.') as note
    from table_2
    where group_code = 'osi_vh_hci_vh_tii_h'
),

very_high_osi_states as (
    select
        survey_2020.country_code,
        case when table_2.country_code is null then survey_2020.country_code end as unlisted_code
    from survey_2020
    left join table_2
        on survey_2020.country_code = table_2.country_code
    where survey_2020.osi_level = 'very_high'
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
        concat(
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
                then concat(survey_2020.country_code, ' (rank ', survey_2020.egdi_rank, ')')
        end as state_ahead
    from memberships
    inner join survey_2020
        on memberships.country_code = survey_2020.country_code
    left join memberships as lldc
        on memberships.country_code = lldc.country_code and memberships.period_code = lldc.period_code and lldc.group_code = 'lldc'
    where memberships.group_code = 'landlocked' and memberships.period_code = '2020'
),

leads_landlocked as (
    select
        'leads_landlocked' as claim_code,
        case
            when not coalesce(max(edition_2020.is_whole), false) then null
            when max(case when landlocked.country_code = 'KAZ' then landlocked.place end) = 1 then 'supported'
            else 'contradicted'
        end as verdict,
        'the highest EGDI of the landlocked states in 2020' as expected,
        concat(
            'place ', max(case when landlocked.country_code = 'KAZ' then landlocked.place end), ' of ', count(*), ', behind ',
            {{ join_text('landlocked.state_ahead', ', ', 'landlocked.egdi_rank') }}
        ) as observed,
        'marts.fct_index_values: *.EGDI.2020 of marts.bridge_country_groups landlocked' as evidence,
        concat(
            'Among the landlocked developing countries Kazakhstan is in place ',
            max(case when landlocked.country_code = 'KAZ' then landlocked.place_by_lldc end),
            ' of ', cast(sum(case when landlocked.is_lldc then 1 else 0 end) as integer), ': in that wording the claim is ',
            case when max(case when landlocked.country_code = 'KAZ' then landlocked.place_by_lldc end) = 1 then 'true.' else 'wrong too.' end
        ) as note
    from landlocked
    cross join edition_2020
),

very_high_since_2018 as (
    select
        'very_high_since_2018' as claim_code,
        case
            when count(level_code) < 2 then null
            when
                max(case when period_code = '2016' then level_code end) = 'high'
                and max(case when period_code = '2018' then level_code end) = 'very_high' then 'supported'
            else 'contradicted'
        end as verdict,
        'high in 2016, very high in 2018' as expected,
        {{ join_text("concat(period_code, ' ', " ~ shown('value', 4) ~ ", ' ', level_code)", ', ', 'period_code') }} as observed,
        'marts.fct_index_values: KAZ.EGDI.2016, KAZ.EGDI.2018' as evidence,
        'By the thresholds of the UN; the survey is biennial.' as note
    from index_values
    where country_code = 'KAZ' and indicator_code = 'EGDI' and period_code in ('2016', '2018')
),

final as (
    {%- for claim in [
        'internet_use_grew', 'internet_majority', 'rank_gradual_rise', 'egdi_rank_2020', 'egdi_three_parts',
        'leads_central_asia', 'levels_follow_thresholds', 'very_high_osi', 'very_high_hci_high_tii', 'table_2_memberships',
        'infrastructure_lags', 'table_2_complete', 'leads_landlocked', 'very_high_since_2018',
    ] %}
    select * from {{ claim }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
