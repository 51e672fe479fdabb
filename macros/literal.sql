{#
    A value that is not written in a model, as a literal: whatever the text holds, it is nothing but text to the engine. Every value
    that a macro puts into SQL goes through here.
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
