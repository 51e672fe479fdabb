-- Misprints, contradictions and ambiguities in the sources, and how the warehouse reads them. Most findings on the article
-- were made during transcription, some on the series by reading them; the others follow from the figures.
{% set article = 'sabdenov_abdrakhmanova' %}

with transcribed as (
    select * from {{ ref('stg_article__discrepancies') }}
),

noted as (
    select * from {{ ref('stg_codes__noted_discrepancies') }}
),

usage_findings as (
    select * from {{ ref('findings_on_usage') }}
),

figure_findings as (
    select * from {{ ref('findings_on_figures') }}
),

usage as (
    select * from {{ ref('fct_service_usage') }}
),

cells as (
    select * from {{ ref('dim_source_cells') }}
),

observations as (
    select * from {{ ref('fct_index_observations') }}
),

doubtful_periods as (
    select
        concat_ws('', 'period_of_', replace(usage.service_usage_id, '.', '_')) as finding_code,
        usage.country_code,
        usage.source_code,
        cells.locator,
        cells.printed_text,
        usage.likely_period_code as reading,
        'A year for which Table 3 has only one month is read as that month' as rule,
        concat_ws(
            '',
            'The sentence prints the year ', usage.period_code, '; of that year Table 3 has only ',
            usage.likely_period_code, '.'
        ) as note,
        usage.source_cell_id
    from usage
    inner join cells
        on usage.source_cell_id = cells.source_cell_id
    where usage.likely_period_code is not null and usage.source_code = '{{ article }}'
),

index_values as (
    select * from {{ ref('fct_index_values') }}
),

indicators as (
    select * from {{ ref('dim_indicators') }}
),

recomputation as (
    select * from {{ ref('rpt_recomputation') }}
    where not agrees
),

not_recomputable as (
    select
        concat_ws(
            '',
            'recomputed_', recomputation.statistic, '_', lower(recomputation.indicator_code), '_',
            recomputation.period_code, '_', lower(recomputation.country_code)
        ) as finding_code,
        recomputation.country_code,
        observations.source_code,
        cells.locator,
        cells.printed_text,
        cells.printed_text as reading,
        'A published figure that cannot be worked out again stays as published' as rule,
        concat_ws(
            '',
            recomputation.reason, ' Recomputed: ',
            case
                when recomputation.statistic = 'rank' then {{ shown('recomputation.recomputed_value') }}
                else {{ shown('recomputation.recomputed_value', 5) }}
            end, '.'
        ) as note,
        cells.source_cell_id
    from recomputation
    inner join index_values
        on
            recomputation.country_code = index_values.country_code
            and recomputation.indicator_code = index_values.indicator_code
            and recomputation.period_code = index_values.period_code
    inner join observations
        on
            index_values.country_code = observations.country_code
            and index_values.indicator_code = observations.indicator_code
            and index_values.period_code = observations.period_code
            and index_values.source_code = observations.source_code
    inner join cells
        on cells.source_cell_id = case
            when recomputation.statistic = 'rank' then observations.rank_source_cell_id
            else observations.source_cell_id
        end
),

outside_scale as (
    select
        concat_ws(
            '_', 'outside_scale', lower(index_values.indicator_code), index_values.period_code, lower(index_values.country_code)
        ) as finding_code,
        index_values.country_code,
        index_values.source_code,
        cells.locator,
        cells.printed_text,
        cells.printed_text as reading,
        'A published figure outside the scale of its index stays as published' as rule,
        concat_ws('', 'The scale ends at ', {{ shown('indicators.maximum_value') }}, '.') as note,
        cells.source_cell_id
    from index_values
    inner join indicators
        on index_values.indicator_code = indicators.indicator_code
    inner join cells
        on index_values.source_cell_id = cells.source_cell_id
    where index_values.value not between indicators.minimum_value and indicators.maximum_value
),

not_assessed as (
    select
        concat_ws('', 'not_assessed_', index_values.period_code) as finding_code,
        cast(null as string) as country_code,
        index_values.source_code,
        concat_ws('', 'Edition ', index_values.period_code, ', column E-Government Index') as locator,
        '0.00000' as printed_text,
        'missing' as reading,
        'A zero that stands for not assessed is a missing figure' as rule,
        concat_ws(
            '',
            count(*), ' states: ', {{ join_text('index_values.country_code', ', ', 'index_values.country_code') }},
            '. The last rank, which several share, is no place in the ranking.'
        ) as note,
        cast(null as string) as source_cell_id
    from index_values
    where index_values.indicator_code = 'EGDI' and index_values.value is null and index_values.source_code = 'un_egov_survey'
    group by index_values.period_code, index_values.source_code
),

-- one state with a zero has the lowest score; several zeros are doubtful, because these parts count things that every state has
zero_parts as (
    select
        concat_ws('', 'zero_', lower(index_values.indicator_code), '_', index_values.period_code) as finding_code,
        cast(null as string) as country_code,
        index_values.source_code,
        concat_ws('', 'Edition ', index_values.period_code, ', column ', min(indicators.name_en)) as locator,
        min(cells.printed_text) as printed_text,
        min(cells.printed_text) as reading,
        'A zero of a part of the index stays as published' as rule,
        concat_ws(
            '',
            count(*), ' states: ', {{ join_text('index_values.country_code', ', ', 'index_values.country_code') }},
            '. That several states stand at zero suggests data that were missing; the EGDI was worked out with these zeros.'
        ) as note,
        cast(null as string) as source_cell_id
    from index_values
    inner join indicators
        on index_values.indicator_code = indicators.indicator_code
    inner join cells
        on index_values.source_cell_id = cells.source_cell_id
    where index_values.indicator_code in ('HCI', 'TII') and index_values.value = 0 and index_values.source_code = 'un_egov_survey'
    group by index_values.indicator_code, index_values.period_code, index_values.source_code
    having count(*) > 1
),

-- zeros of parts beside an EGDI of zero, one row per part, edition and answer
zeros_judged as (
    select
        concat_ws(
            '',
            'zero_of_', lower(index_values.indicator_code), '_', index_values.period_code, '_',
            case index_values.obs_status_code when 'A' then 'is_a_figure' when 'U' then 'is_unknown' else 'is_missing' end
        ) as finding_code,
        cast(null as string) as country_code,
        index_values.source_code,
        concat_ws('', 'Edition ', index_values.period_code, ', column ', min(indicators.name_en)) as locator,
        min(cells.printed_text) as printed_text,
        case index_values.obs_status_code when 'A' then '0' when 'U' then 'not known' else 'missing' end as reading,
        'A zero beside an EGDI of zero is told from a missing figure by evidence' as rule,
        concat_ws(
            '',
            count(*), ' states: ', {{ join_text('index_values.country_code', ', ', 'index_values.country_code') }}, '. ',
            min(index_values.obs_evidence)
        ) as note,
        cast(null as string) as source_cell_id
    from index_values
    inner join indicators
        on index_values.indicator_code = indicators.indicator_code
    inner join cells
        on index_values.source_cell_id = cells.source_cell_id
    where index_values.obs_evidence is not null and index_values.source_code = 'un_egov_survey'
    group by index_values.indicator_code, index_values.period_code, index_values.obs_status_code, index_values.source_code
),

final as (
    select
        finding_code,
        'KAZ' as country_code,
        '{{ article }}' as source_code,
        locator,
        printed_text,
        reading,
        rule,
        note,
        source_cell_id
    from transcribed
    union all
    select * from doubtful_periods
    union all
    select * from not_recomputable
    union all
    select * from outside_scale
    union all
    select * from not_assessed
    union all
    select * from zero_parts
    union all
    select * from zeros_judged
    union all
    select
        finding_code,
        country_code,
        source_code,
        locator,
        printed_text,
        reading,
        rule,
        note,
        source_cell_id
    from noted
    union all
    select * from usage_findings
    union all
    select * from figure_findings
)

select * from final
order by finding_code
