{# The values of a group as one text, separated by `separator`, in the order of `order_by`. #}
{% macro join_text(expression, separator, order_by) -%}
    {{ return(adapter.dispatch('join_text', 'egov')(expression, separator, order_by)) }}
{%- endmacro %}

{% macro default__join_text(expression, separator, order_by) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro spark__join_text(expression, separator, order_by) -%}
    listagg({{ expression }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}
