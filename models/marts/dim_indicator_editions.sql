-- How each edition was made, and whether the EGDI is computed from its parts as in the previous edition. The values and ranks
-- of the UN compare states with each other; they do not measure one quantity over time. From 2012 on, every part is
-- standardised among the states of its edition. Before 2012, HCI and TII do not run from 0 to 1, and no source in the warehouse
-- says how the parts were made.
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
        {{ join_text("concat(" ~ shown('weight', 2) ~ ", ' ', part_indicator_code)", ' + ', 'weight desc, part_indicator_code desc') }} as formula
    from {{ ref('stg_codes__index_weights') }}
    group by indicator_code, period_code
),

-- countries with a figure from the publisher itself; for a quoted edition, the number that the quotation gives
editions as (
    select
        observations.indicator_code,
        observations.period_code,
        max(case when sources.standing = 'publisher' then 1 else 0 end) = 1 as is_held,
        cast(sum(case when sources.standing = 'publisher' and observations.value is not null then 1 else 0 end) as integer) as countries_valued
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
        indicators.parent_indicator_code,
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

final as (
    select
        indicator_code,
        period_code,
        case
            when publisher <> 'UN DESA' then null
            when indicator_code = 'EGDI'
                then concat(
                    case when formula is null then 'Plain mean of OSI, TII and HCI' else concat('Weighed as ', formula) end,
                    case when period_code >= '2012' then '; parts standardised among the states of the edition' else '' end,
                    ': read changes as changes of place.'
                )
            when period_code >= '2012' then 'Standardised among the states of the edition: read changes as changes of place.'
        end as method_note,
        case
            when indicator_code <> 'EGDI' or formula_before is null then null
            else coalesce(formula, '') = formula_before
        end as is_comparable_with_previous,
        case when is_held and publisher in ('UN DESA', 'World Bank') then countries_valued else countries_ranked end as countries_assessed
    from with_formula
)

select * from final
