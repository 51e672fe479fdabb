-- One row per state, index and edition of the UN survey, for each file that holds the edition: the figure, its status, and the
-- evidence where a zero had to be told from a missing figure.
--
-- An EGDI of zero means that the state was not assessed (M: it was no member state yet, since it has no rank; L: it was one). The
-- UN's download then prints zeros for its parts too, whether they are figures or not. What tells them apart, in this order:
-- 1. A copy of the edition that leaves missing cells empty. An empty cell is a missing figure. A zero is a figure, provided that
--    the copy leaves any cell of the edition empty beside an EGDI of zero: otherwise it may print every missing figure as zero.
-- 2. The formula. If the other two parts of the EGDI are there, and the EGDI was not worked out, the part is missing.
-- A zero without evidence has the status U and no value.
{% set parts = ['osi', 'tii', 'hci', 'epi'] %}

with survey as (
    select * from {{ ref('stg_series__egdi') }}
),

sources as (
    select * from {{ ref('stg_datapackage__sources') }}
),

rows_judged as (
    select
        survey.*,
        sources.standing,
        coalesce(survey.egdi, 0) = 0 as is_not_assessed,
        survey.egdi_rank is null as is_not_yet_a_state,
        max(
            case
                when
                    coalesce(survey.egdi, 0) = 0
                    and survey.egdi_rank is not null
                    and coalesce(survey.osi, survey.tii, survey.hci, survey.epi) is not null
                    and (survey.osi is null or survey.tii is null or survey.hci is null or survey.epi is null)
                    then 1
                else 0
            end
        ) over (partition by survey.source_code, survey.period_code) = 1 as edition_leaves_cells_empty
    from survey
    inner join sources
        on survey.source_code = sources.source_code
),

-- the newest copy of each edition
copies as (
    select
        *,
        row_number() over (partition by country_code, period_code order by accessed_on desc nulls last, revision desc, source_code asc) as choice
    from rows_judged
    where standing = 'copy'
),

with_copy as (
    select
        rows_judged.*,
        copies.source_code as copy_code,
        copies.edition_leaves_cells_empty as copy_leaves_cells_empty,
        copies.osi as osi_of_copy,
        copies.tii as tii_of_copy,
        copies.hci as hci_of_copy,
        copies.epi as epi_of_copy
    from rows_judged
    left join copies
        on
            rows_judged.country_code = copies.country_code
            and rows_judged.period_code = copies.period_code
            and copies.choice = 1
),

-- what each cell is, in one word
figures as (
    select
        *,
        'EGDI' as indicator_code,
        'egdi' as raw_column,
        egdi as printed,
        case when not is_not_assessed then 'figure' when is_not_yet_a_state then 'no_state' else 'not_assessed' end as answer
    from with_copy
    {%- for part in parts %}
    {%- set others = ['osi', 'tii', 'hci'] | reject('equalto', part) | list %}
    union all
    select
        *,
        '{{ part | upper }}' as indicator_code,
        '{{ part }}' as raw_column,
        {{ part }} as printed,
        case
            when {{ part }} > 0 or not is_not_assessed then 'figure'
            when is_not_yet_a_state then 'no_state'
            when {{ part }} is null then 'empty'
            when copy_code is not null and {{ part }}_of_copy is null then 'empty_in_copy'
            when copy_leaves_cells_empty and {{ part }}_of_copy = 0 then 'zero_in_copy'
            {%- if part != 'epi' %}
            when {{ others[0] }} > 0 and {{ others[1] }} > 0 then 'not_worked_out'
            {%- endif %}
            else 'unknown'
        end as answer
    from with_copy
    {%- endfor %}
),

final as (
    select
        country_code,
        indicator_code,
        period_code,
        source_code,
        case when answer in ('figure', 'zero_in_copy') then printed end as figure,
        case
            when answer in ('figure', 'zero_in_copy') then 'A'
            when answer = 'no_state' then 'M'
            when answer = 'unknown' then 'U'
            else 'L'
        end as obs_status_code,
        case answer
            when 'empty' then 'The cell is empty.'
            when 'empty_in_copy' then concat_ws('', 'Source ', copy_code, ' leaves the cell empty.')
            when 'zero_in_copy'
                then concat_ws('', 'Source ', copy_code, ' prints a zero here and leaves the missing cells of the edition empty.')
            when 'not_worked_out' then 'The other two parts are there, yet the EGDI was not worked out.'
            when 'unknown' then 'None: the source prints zero for a missing figure too.'
        end as obs_evidence,
        {{ source_cell_id('raw_file', 'raw_row', 'raw_column') }} as source_cell_id,
        accessed_on,
        revision
    from figures
)

select * from final
