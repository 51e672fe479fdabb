{# Uses the schema name that a model configures, without dbt's prefix: schema names are a public contract. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
