{#
    The rules of the rows of a table: a name and an expression that is true of every row. Null counts as broken. The test returns the
    name of each rule that broke with the rows that broke it, one row of every rule first.
#}
{% test rules(model, rules) %}
with rows_of_table as (
    select * from {{ model }}
),

broken as (
    {%- for name, expression in rules.items() %}
    select
        '{{ name }}' as rule,
        *
    from rows_of_table
    where not coalesce({{ expression }}, false)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select *
from broken
order by row_number() over (partition by rule order by rule), rule
{% endtest %}
