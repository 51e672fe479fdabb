-- Every figure that two sources give, side by side.
with observations as (
    select * from {{ ref('fct_index_observations') }}
),

final as (
    select
        a.country_code,
        a.indicator_code,
        a.period_code,
        a.source_code as source_code_a,
        a.value as value_a,
        b.source_code as source_code_b,
        b.value as value_b,
        cast(a.value - b.value as {{ decimal_type() }}) as difference,
        case
            when a.value = b.value then 'The two agree.'
            when a.value is null or b.value is null then 'One of the two gives no figure.'
            else 'The two differ.'
        end as explanation
    from observations as a
    inner join observations as b
        on
            a.country_code = b.country_code
            and a.indicator_code = b.indicator_code
            and a.period_code = b.period_code
            and a.source_code < b.source_code
)

select * from final
