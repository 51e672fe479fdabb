{#
    Rules for the rows of a table. Each rule has a name and an expression that must be true for every row; null counts as
    broken. The test returns every row that breaks a rule, with the name of the rule. One row per broken rule comes first, so
    that a shortened list still shows every broken rule.
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
order by {{ adapter.dispatch('each_rule_first', 'egov')() }}
{% endtest %}

{% macro default__each_rule_first() -%} row_number() over (partition by rule order by rule), rule {%- endmacro %}

{# dbt counts the rows in an outer query, and Spark then takes no window function here. #}
{% macro spark__each_rule_first() -%} rule {%- endmacro %}
