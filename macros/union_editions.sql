{#
    The rows of every imported edition of a source that raw/ holds, one below the other, each with its file, edition, revision and
    day of access. Which editions there are stands in raw.datapackage_resources: a new one needs no change here. A table's name is
    a plain word: the schema of the package lets no other pass.
#}
{% macro union_editions(source_code, columns) -%}
    {%- set query -%}
        select resource_name, raw_file, edition, revision, accessed_on
        from {{ source('datapackage', 'resources') }}
        where source_code = {{ literal(source_code) }} and series <> ''
        order by raw_file
    {%- endset -%}
    {%- set held = run_query(query) if execute else [] -%}
    {%- for resource in held %}
    select
        {{ literal(resource[1]) }} as raw_file,
        raw_row,
        {{ literal(resource[2]) }} as edition,
        cast({{ literal(resource[3]) }} as integer) as revision,
        cast({{ literal(resource[4]) }} as date) as accessed_on,
        {{ columns | join(',\n        ') }}
    from {{ source('datapackage', 'resources').schema }}.{{ resource[0] }}
    union all
    {%- endfor %}
    select
        cast(null as string) as raw_file,
        cast(null as integer) as raw_row,
        cast(null as string) as edition,
        cast(null as integer) as revision,
        cast(null as date) as accessed_on,
        {%- for column in columns %}
        cast(null as string) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
{%- endmacro %}
