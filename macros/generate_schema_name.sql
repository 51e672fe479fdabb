{# The schema of a model is the name of its room, with no prefix: the names are a public contract. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
