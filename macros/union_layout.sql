{#
    All rows of the files in raw/ that have the given layout, each with its source, series, file, edition, revision and the day of
    the copy, if it is known. A column that a file does not have is null: what only some publishers print is a column of their
    files alone.
    raw.datapackage_resources lists the files, so a new edition or a new source in the same layout needs no change here. Table
    names need no quoting: the schema of the data package allows only plain words.
#}
{% macro union_layout(layout, columns) -%}
    {%- set query -%}
        select resource_name, source_code, raw_file, edition, revision, accessed_on, series, field_names
        from {{ source('datapackage', 'resources') }}
        where house_layout = {{ literal(layout) }}
        order by raw_file
    {%- endset -%}
    {%- set held = run_query(query) if execute else [] -%}
    {%- for resource in held %}
    {%- set has = resource[7].split(' ') %}
    select
        {{ literal(resource[1]) }} as source_code,
        {{ literal(resource[6]) }} as series_code,
        {{ literal(resource[2]) }} as raw_file,
        raw_row,
        {{ literal(resource[3]) }} as edition,
        cast({{ literal(resource[4]) }} as integer) as revision,
        cast({{ literal(resource[5]) if resource[5] else 'null' }} as date) as accessed_on,
        {%- for column in columns %}
        {{ column if column in has else 'cast(null as string) as ' ~ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source('datapackage', 'resources').incorporate(path={'identifier': resource[0]}) }}
    union all
    {%- endfor %}
    select
        cast(null as string) as source_code,
        cast(null as string) as series_code,
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
