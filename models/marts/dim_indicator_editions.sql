-- How each edition was made, and whether it can be compared with the edition before. The values and ranks of the UN compare
-- states with each other; they do not measure one quantity over time. From 2012 on, every part is standardised among the states
-- of its edition. Before 2012, HCI and TII do not run from 0 to 1, and no source in the warehouse says how the parts were made.
--
-- An edition is comparable with the one before only if a source says that nothing has changed, and not comparable if a source
-- says what has. Of a composite, a change of its weights or of any part is a change.
with observations as (
    select * from {{ ref('int_index_observations_unioned') }}
),

sources as (
    select * from {{ ref('stg_datapackage__sources') }}
),

indicators as (
    select * from {{ ref('stg_codes__indicators') }}
),

weights as (
    select
        indicator_code,
        period_code,
        {{ join_text("concat_ws('', " ~ shown('weight', 2) ~ ", ' ', part_indicator_code)", ' + ', 'weight desc, part_indicator_code desc') }} as formula
    from {{ ref('stg_codes__index_weights') }}
    group by indicator_code, period_code
),

-- countries with a figure from the publisher itself; for a quoted edition, the number that the quotation gives
editions as (
    select
        observations.indicator_code,
        observations.period_code,
        max(case when sources.standing = 'publisher' then 1 else 0 end) = 1 as is_held,
        cast(
            sum(
                case
                    when sources.standing = 'publisher' and observations.value is not null then 1
                    -- an index that is a rank alone has no value
                    when sources.standing = 'publisher' and observations.source_cell_id = observations.rank_source_cell_id then 1
                    else 0
                end
            ) as integer
        ) as countries_valued
    from observations
    inner join sources
        on observations.source_code = sources.source_code
    group by observations.indicator_code, observations.period_code
),

sizes as (
    select * from {{ ref('int_index_editions_sized') }}
),

with_formula as (
    select
        editions.*,
        sizes.countries_ranked,
        indicators.publisher,
        weights.formula,
        lag(coalesce(weights.formula, '')) over (partition by editions.indicator_code order by editions.period_code) as formula_before
    from editions
    inner join indicators
        on editions.indicator_code = indicators.indicator_code
    left join sizes
        on editions.indicator_code = sizes.indicator_code and editions.period_code = sizes.period_code
    left join weights
        on editions.indicator_code = weights.indicator_code and editions.period_code = weights.period_code
),

-- what is said of an indicator is said of the composite that it is a part of
said as (
    select
        indicator_code,
        period_code,
        indicator_code as about,
        has_changed,
        what_changed,
        said_by
    from {{ ref('stg_codes__edition_changes') }}
    union all
    select
        indicators.parent_indicator_code as indicator_code,
        changes.period_code,
        changes.indicator_code as about,
        changes.has_changed,
        changes.what_changed,
        changes.said_by
    from {{ ref('stg_codes__edition_changes') }} as changes
    inner join indicators
        on changes.indicator_code = indicators.indicator_code
    where indicators.parent_indicator_code is not null and changes.has_changed
    union all
    select
        indicator_code,
        period_code,
        indicator_code as about,
        true as has_changed,
        'The weights of its parts' as what_changed,
        'Worked out: rpt_recomputation' as said_by
    from with_formula
    where coalesce(formula, '') <> formula_before
),

changes as (
    select
        indicator_code,
        period_code,
        max(case when has_changed then 1 else 0 end) = 0 as is_comparable,
        {{ join_text("case when has_changed then about end", ', ', 'about') }} as changed_codes,
        {{ join_text("concat_ws('', about, ': ', what_changed, '.')", ' ', 'about, what_changed') }} as what_changed,
        {{ join_text("concat_ws('', about, ': ', said_by, '.')", ' ', 'about, what_changed') }} as said_by
    from said
    group by indicator_code, period_code
),

final as (
    select
        with_formula.indicator_code,
        with_formula.period_code,
        case
            when with_formula.publisher <> 'UN DESA' then null
            when with_formula.indicator_code = 'EGDI'
                then concat_ws(
                    '',
                    case
                        when with_formula.formula is null then 'Plain mean of OSI, TII and HCI'
                        else concat_ws('', 'Weighed as ', with_formula.formula)
                    end,
                    case when with_formula.period_code >= '2012' then '; parts standardised among the states of the edition' else '' end,
                    ': read changes as changes of place.'
                )
            when with_formula.period_code >= '2012' then 'Standardised among the states of the edition: read changes as changes of place.'
        end as method_note,
        case when with_formula.formula_before is not null then changes.is_comparable end as is_comparable_with_previous,
        case
            when with_formula.formula_before is null then 'The first edition here: there is none to compare it with.'
            when changes.is_comparable then 'Comparable with the edition before: a source says that nothing has changed.'
            when not changes.is_comparable then concat_ws('', 'Not comparable with the edition before. Changed: ', changes.changed_codes, '.')
            else 'No source here says whether it can be compared with the edition before.'
        end as comparability_note,
        changes.what_changed,
        changes.said_by as what_changed_said_by,
        case
            when with_formula.is_held and with_formula.publisher in ('UN DESA', 'World Bank') then with_formula.countries_valued
            else with_formula.countries_ranked
        end as countries_assessed
    from with_formula
    left join changes
        on with_formula.indicator_code = changes.indicator_code and with_formula.period_code = changes.period_code
)

select * from final
