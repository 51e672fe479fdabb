{#
    A value as an SQL literal, escaped so that the engine reads it as text whatever it contains. Every value that a macro puts
    into SQL from outside the models goes through here.
#}
{% macro literal(value) -%}
    {{ return(adapter.dispatch('literal', 'egov')(value)) }}
{%- endmacro %}

{% macro default__literal(value) -%}
    '{{ (value | string).replace("'", "''") }}'
{%- endmacro %}

{# Spark reads a backslash in a literal as the start of an escape sequence. #}
{% macro spark__literal(value) -%}
    '{{ (value | string).replace('\\', '\\\\').replace("'", "\\'") }}'
{%- endmacro %}
