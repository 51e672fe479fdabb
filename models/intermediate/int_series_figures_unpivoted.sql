-- One row per figure of the imported series and edition that contains it. Aggregates are not countries and are left out;
-- rpt_excluded_aggregates counts them.
{% set beside = {
    'rank': 'published_rank', 'percentile_rank': 'percentile_rank', 'standard_error': 'standard_error',
    'number_of_sources': 'number_of_sources',
} %}
{% set wb_indicators = ['gtmi', 'cgsi', 'psdi', 'dcei', 'gtei'] %}

with un_survey as (
    select * from {{ ref('stg_series__egdi') }}
),

un_survey_values as (
    select * from {{ ref('int_survey_figures_judged') }}
),

gtmi as (
    select * from {{ ref('stg_wb_gtmi__gtmi') }}
),

-- a file may print two figures for the same year
long_series as (
    select
        *,
        min(value) over (partition by raw_file, published_code, indicator_code, period_code) as lowest,
        max(value) over (partition by raw_file, published_code, indicator_code, period_code) as highest
    from {{ ref('stg_series__figures') }}
    where country_code is not null
),

figures as (
    select
        country_code,
        indicator_code,
        period_code,
        source_code,
        'value' as statistic,
        figure,
        obs_status_code,
        obs_evidence,
        source_cell_id,
        accessed_on,
        revision
    from un_survey_values
    union all
    select
        country_code,
        'EGDI' as indicator_code,
        period_code,
        source_code,
        'rank' as statistic,
        cast(egdi_rank as {{ decimal_type() }}) as figure,
        'A' as obs_status_code,
        cast(null as string) as obs_evidence,
        {{ source_cell_id('raw_file', 'raw_row', "'egdi_rank'") }} as source_cell_id,
        accessed_on,
        revision
    from un_survey
    where egdi_rank is not null
    {%- for column in wb_indicators %}
    union all
    select
        country_code,
        '{{ column | upper }}' as indicator_code,
        period_code,
        source_code,
        'value' as statistic,
        {{ column }} as figure,
        'A' as obs_status_code,
        cast(null as string) as obs_evidence,
        {{ source_cell_id('raw_file', 'raw_row', "'" ~ column ~ "'") }} as source_cell_id,
        accessed_on,
        revision
    from gtmi
    {%- endfor %}
    union all
    select
        country_code,
        indicator_code,
        period_code,
        source_code,
        'value' as statistic,
        case when lowest = highest then value end as figure,
        case
            when lowest <> highest then 'U'
            when value is null and published_rank is not null then 'M'
            when value is null then 'O'
            when note like '%estimate%' then 'E'
            when note like '%age 16-74%' then 'D'
            else 'A'
        end as obs_status_code,
        case
            when lowest <> highest
                then concat_ws(
                    '',
                    'None: the file prints two figures for the year, ', {{ shown('lowest', 1) }}, ' and ', {{ shown('highest', 1) }}, '.'
                )
        end as obs_evidence,
        -- an indicator that is a rank alone has no value: the cell of its rank stands for it
        case
            when value is null and published_rank is not null then {{ source_cell_id('raw_file', 'raw_row', "'rank'") }}
            else {{ source_cell_id('raw_file', 'raw_row', "'value'") }}
        end as source_cell_id,
        accessed_on,
        revision
    from long_series
    {%- for statistic, column in beside.items() %}
    union all
    select
        country_code,
        indicator_code,
        period_code,
        source_code,
        '{{ statistic }}' as statistic,
        cast({{ column }} as {{ decimal_type() }}) as figure,
        'A' as obs_status_code,
        cast(null as string) as obs_evidence,
        {{ source_cell_id('raw_file', 'raw_row', "'" ~ statistic ~ "'") }} as source_cell_id,
        accessed_on,
        revision
    from long_series
    where {{ column }} is not null
    {%- endfor %}
),

-- a figure may be in several editions or revisions: the newest is 1
final as (
    select
        *,
        cast(
            row_number() over (
                partition by country_code, indicator_code, period_code, source_code, statistic
                order by accessed_on desc nulls last, revision desc, source_cell_id desc
            ) as integer
        ) as vintage
    from figures
)

select * from final
