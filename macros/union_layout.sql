{#
    The rows of every file of raw/ that is in one layout, one below the other, each with its source, file, edition, revision and
    day of access. Which files there are stands in raw.datapackage_resources: neither a new edition nor a new source in the same
    layout needs a change here. A table's name is a plain word: the schema of the package lets no other pass.
#}
{% macro union_layout(layout, columns) -%}
    {%- set query -%}
        select resource_name, source_code, raw_file, edition, revision, accessed_on
        from {{ source('datapackage', 'resources') }}
        where house_layout = {{ literal(layout) }}
        order by raw_file
    {%- endset -%}
    {%- set held = run_query(query) if execute else [] -%}
    {%- for resource in held %}
    select
        {{ literal(resource[1]) }} as source_code,
        {{ literal(resource[2]) }} as raw_file,
        raw_row,
        {{ literal(resource[3]) }} as edition,
        cast({{ literal(resource[4]) }} as integer) as revision,
        cast({{ literal(resource[5]) }} as date) as accessed_on,
        {{ columns | join(',\n        ') }}
    from {{ source('datapackage', 'resources').schema }}.{{ resource[0] }}
    union all
    {%- endfor %}
    select
        cast(null as string) as source_code,
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
