-- What the usage figures and the dated events say about the article's claims: one row per claim, judged again in every build.
-- Services are compared only within one period; if the printed period is doubtful, the likely period is used. Figures from
-- other sources do not bear on what the article says about its own figures. Dates that the article alone gives can speak against
-- one another, but not for one another: docs/verdicts.md gives the rule behind each kind of verdict. What a claim asserts in
-- figures, and how we read its vague words, stands in raw/article/claims.csv.
{% set article = 'sabdenov_abdrakhmanova' %}

with said as (
    select
        claim_code,
        cast({{ stated('asserted', 'place') }} as integer) as place,
        cast(coalesce({{ stated('asserted', 'of') }}, {{ stated('reading', 'of') }}) as integer) as services,
        {{ stated('asserted', 'period') }} as period_code,
        {{ stated('asserted', 'periods') }} as period_codes,
        {{ stated('asserted', 'from') }} as first_period,
        {{ stated('asserted', 'to') }} as last_period,
        cast({{ stated('reading', 'factor') }} as integer) as factor
    from {{ ref('stg_article__claims') }}
),

usage as (
    select * from {{ ref('fct_service_usage') }}
    where source_code = '{{ article }}'
),

per_month as (
    select * from {{ ref('int_service_usage_per_month') }}
    where source_code = '{{ article }}' and usage_count is not null
),

events as (
    select * from {{ ref('fct_policy_events') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

-- the place of each service among the services with a figure for the same period
places as (
    select
        *,
        cast(rank() over (partition by period_code order by usage_count desc) as integer) as place,
        count(*) over (partition by period_code) as services
    from per_month
),

pension_top_2021 as (
    select
        'pension_top_2021' as claim_code,
        case
            when place > {{ said('pension_top_2021', 'place') }} then 'contradicted'
            when is_read_otherwise or services < {{ said('pension_top_2021', 'services') }} then 'supported_with_qualification'
            else 'supported'
        end as verdict,
        'the highest figure of 2021' as expected,
        concat_ws('', 'place ', place, ' of the ', services, ' services with a figure for ', period_code) as observed,
        concat_ws('', 'reports.rpt_service_usage_comparable: ', period_code) as evidence,
        'The figure is read as that of January 2021, among the services whose figures the article gives; it counts users, Table 3 uses.' as note
    from places
    where service_code = 'pension_savings_statement' and printed_period_code = {{ said('pension_top_2021', 'period_code') }}
),

social_assistance as (
    select
        'social_assistance_widely_used' as claim_code,
        'not_checkable' as verdict,
        'no measure: widely used is not defined' as expected,
        {{ join_text("concat_ws('', 'place ', place, ' of ', services, ' in ', period_code)", ', ', 'period_code') }} as observed,
        'reports.rpt_service_usage_comparable: social_assistance_certificate' as evidence,
        'Whether the figures are high is a matter of view; they count users, most others count uses.' as note
    from places
    where service_code = 'social_assistance_certificate'
),

clinic_top_3 as (
    select
        'clinic_top_3_january_2020' as claim_code,
        case
            when place > {{ said('clinic_top_3_january_2020', 'place') }} then 'contradicted'
            when measure_code <> 'uses' or services < {{ said('clinic_top_3_january_2020', 'services') }} then 'supported_with_qualification'
            else 'supported'
        end as verdict,
        'among the three highest figures of January 2020' as expected,
        concat_ws('', 'place ', place, ' of the ', services, ' services with a figure for ', period_code) as observed,
        concat_ws('', 'reports.rpt_service_usage_comparable: ', period_code) as evidence,
        'Judged among the services whose figures the article gives; its figure counts people, most others count uses.' as note
    from places
    where service_code = 'clinic_attachment' and period_code = {{ said('clinic_top_3_january_2020', 'period_code') }}
),

address_most_used as (
    select
        'address_most_used' as claim_code,
        case
            when count(*) < 3 then null
            when max(place) > {{ said('address_most_used', 'place') }} then 'contradicted'
            when max(case when is_read_otherwise then 1 else 0 end) = 1 then 'supported_with_qualification'
            else 'supported'
        end as verdict,
        'the highest figure of each year from 2017 to 2019' as expected,
        {{ join_text("concat_ws('', 'place ', place, ' of ', services, ' in ', period_code)", ', ', 'period_code') }} as observed,
        'reports.rpt_service_usage_comparable: 2017, 2018, 2019-01' as evidence,
        concat_ws(
            '',
            'Judged for 2017 and 2018 as years and, of 2019, for January; among the services whose figures the article gives. ',
            'It counts certificates, most others count uses.'
        ) as note
    from places
    where
        service_code = 'address_certificate'
        and concat_ws('', ' ', {{ said('address_most_used', 'period_codes') }}, ' ') like concat_ws('', '% ', printed_period_code, ' %')
),

address_months as (
    select
        max(case when printed_period_code = {{ said('address_fell_2019', 'first_period') }} then usage_per_month end) as per_month_2018,
        max(case when printed_period_code = {{ said('address_fell_2019', 'last_period') }} then usage_per_month end) as per_month_2019,
        max(case when printed_period_code = {{ said('address_fell_2019', 'first_period') }} then usage_count end) as printed_2018,
        max(case when printed_period_code = {{ said('address_fell_2019', 'last_period') }} then usage_count end) as printed_2019,
        max(case when printed_period_code = {{ said('address_fell_2019', 'last_period') }} then period_code end) as period_2019
    from places
    where service_code = 'address_certificate'
),

-- a month against the mean month of a year proves neither a rise nor a fall: by the same sum, services without a fall rise too
address_fell_2019 as (
    select
        'address_fell_2019' as claim_code,
        case when per_month_2019 is not null and per_month_2018 is not null then 'not_checkable' end as verdict,
        'fewer certificates in 2019 than in 2018, over equal spans' as expected,
        concat_ws(
            '',
            'read as a year: ', printed_2018, ' in 2018, ', printed_2019, ' in 2019; read as ', period_2019, ': ',
            {{ shown('per_month_2018') }}, ' a month in 2018, ', {{ shown('per_month_2019') }}, ' in that month'
        ) as observed,
        'reports.rpt_service_usage_comparable: address_certificate.2018.certificates, address_certificate.2019.certificates' as evidence,
        concat_ws(
            '',
            'Read as printed, the figure of 2019 is a fall of ', {{ shown(quotient('(printed_2018 - printed_2019) * 100', 'printed_2018', 0)) }},
            '%. Read as that of ', period_2019, ', the likelier reading, it is one month against the mean of twelve, which carries its ',
            'season and proves nothing.'
        ) as note
    from address_months
),

address_cancelled as (
    select
        'address_cancelled' as claim_code,
        case
            when max(events.start_date) is null then null
            when sum(case when periods.start_date >= events.start_date then 1 else 0 end) > 0 then 'contradicted'
            else 'not_checkable'
        end as verdict,
        'no figure for a period after the cancellation' as expected,
        concat_ws(
            '',
            cast(sum(case when periods.start_date >= events.start_date then 1 else 0 end) as integer),
            ' of ', count(*), ' figures are for a later period'
        ) as observed,
        'marts.fct_policy_events: address_certificate_cancelled; marts.fct_service_usage: address_certificate.*' as evidence,
        'The figures and the date come from the article: a later figure could contradict the claim, but none can prove it.' as note
    from usage
    inner join periods
        on coalesce(usage.likely_period_code, usage.period_code) = periods.period_code
    inner join events
        on usage.service_code = events.service_code and events.event_type = 'service_cancellation'
    where usage.service_code = 'address_certificate'
),

-- years with years and Januaries with Januaries: each figure next to the one before it of the same kind
like_periods as (
    select
        usage.service_code,
        usage.period_code,
        usage.usage_count,
        lag(usage.usage_count) over (partition by usage.service_code, length(usage.period_code) order by usage.period_code) as count_before
    from usage
    where usage.service_code in ('real_estate_rights_certificate', 'real_estate_absence_certificate', 'criminal_record_certificate')
),

consistently_used as (
    select
        'consistently_used' as claim_code,
        case
            when count(*) = 0 then null
            when min(usage_count) = 0 or max(case when is_steady then 0 else 1 end) = 1 then 'contradicted'
            else 'supported_with_qualification'
        end as verdict,
        'use in every period, and between like periods nowhere less than half or more than double' as expected,
        concat_ws(
            '',
            count(usage_count), ' of ', count(*), ' figures, the lowest ', min(usage_count), '; between like periods from ',
            {{ shown('min(change)', 2) }}, ' to ', {{ shown('max(change)', 2) }}, ' times'
        ) as observed,
        'marts.fct_service_usage: the three certificates of Table 3' as evidence,
        concat_ws(
            '',
            'Steady use is not defined; it is read as a change by less than a factor of ', {{ said('consistently_used', 'factor') }},
            ' from one year, or one January, to the next that is printed. ', count(*) - count(usage_count),
            ' figure is marked as missing by the source.'
        ) as note
    from (
        select
            *,
            {{ quotient('usage_count', 'count_before', 2) }} as change,
            coalesce(
                usage_count * {{ said('consistently_used', 'factor') }} > count_before
                and usage_count < count_before * {{ said('consistently_used', 'factor') }}, true
            ) as is_steady
        from like_periods
    ) as changes
),

launch_within as (
    select
        spans.event_code as span_code,
        launch.start_date as launched,
        spans.start_date,
        spans.end_date,
        launch.start_date between spans.start_date and spans.end_date as is_within
    from events as launch
    cross join events as spans
    where launch.event_code = 'portal_launch' and spans.event_code in ('programme_2005_2007', 'stage_1')
),

portal_launch as (
    select
        case span_code when 'stage_1' then 'portal_in_first_stage' else 'portal_from_programme' end as claim_code,
        case when is_within then 'not_checkable' when not is_within then 'contradicted' end as verdict,
        concat_ws('', 'launched between ', cast(start_date as string), ' and ', cast(end_date as string)) as expected,
        concat_ws('', 'in operation since ', substring(cast(launched as string), 1, 4)) as observed,
        concat_ws('', 'marts.fct_policy_events: portal_launch, ', span_code) as evidence,
        'Both dates come from the article: they could contradict the claim, but they cannot prove it. No other source here has them.' as note
    from launch_within
),

table_3_rows as (
    select
        *,
        service_code in ('real_estate_rights_certificate', 'real_estate_absence_certificate', 'criminal_record_certificate') as is_listed
    from places
),

listed as (
    select
        period_code,
        max(place) as last_place
    from table_3_rows
    where is_listed
    group by period_code
),

-- services outside the table; a service outranks the table if it was used more than a listed service in the same period
unlisted as (
    select
        table_3_rows.period_code,
        table_3_rows.service_code,
        case
            when table_3_rows.place < listed.last_place
                then concat_ws('', table_3_rows.service_code, ' in ', table_3_rows.period_code, ' in place ', table_3_rows.place)
        end as outranks
    from table_3_rows
    inner join listed
        on table_3_rows.period_code = listed.period_code
    where not table_3_rows.is_listed
),

table_3_most_used as (
    select
        'table_3_most_used' as claim_code,
        case
            when count(*) = 0 then null
            when count(outranks) > 0 then 'contradicted'
            when count(*) < {{ said('table_3_most_used', 'services') }} then 'supported_with_qualification'
            else 'supported'
        end as verdict,
        'no service outside the table with a higher figure than one inside it' as expected,
        coalesce({{ join_text('outranks', ', ', 'period_code, service_code') }}, 'none') as observed,
        'reports.rpt_service_usage_comparable; reports.rpt_article_table_3' as evidence,
        'The figures outside the table count people, users or certificates, those inside it uses.' as note
    from unlisted
),

final as (
    {%- for claim in [
        'pension_top_2021', 'social_assistance', 'clinic_top_3', 'address_most_used', 'address_fell_2019', 'address_cancelled',
        'consistently_used', 'portal_launch', 'table_3_most_used',
    ] %}
    select * from {{ claim }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
