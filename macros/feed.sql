{# The time type with a zone. #}
{% macro timestamp_type() -%} {{ return(adapter.dispatch('timestamp_type', 'egov')()) }} {%- endmacro %}
{% macro default__timestamp_type() -%} timestamp {%- endmacro %}
{% macro duckdb__timestamp_type() -%} timestamp with time zone {%- endmacro %}

{#
    The rows of the files that source arrivals.new_files lists: a SELECT that reads feed/months/, or one without rows if there are
    none. Ids of files need no quoting: the register allows only months and hexadecimal digits in them.
#}
{% macro feed_rows() -%}
    {%- set query -%}
        select feed_file_id from {{ source('arrivals', 'new_files') }} order by feed_file_id
    {%- endset -%}
    {%- set paths = [] -%}
    {%- for row in (run_query(query) if execute else []) -%}
        {%- do paths.append(var('feed_months', 'feed/months') ~ '/' ~ row[0] ~ '.parquet') -%}
    {%- endfor -%}
    {%- if paths -%}
        {{ return(adapter.dispatch('read_parquet_files', 'egov')(paths)) }}
    {%- endif -%}
    select
        cast(null as string) as service_code,
        cast(null as string) as region_code,
        cast(null as string) as channel_code,
        cast(null as date) as usage_date,
        cast(null as bigint) as usage_count,
        cast(null as string) as feed_file_id,
        cast(null as integer) as feed_row
    where false
{%- endmacro %}

{% macro default__read_parquet_files(paths) -%}
    {%- for path in paths -%}
        select * from parquet.`{{ path }}` {{ 'union all ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro duckdb__read_parquet_files(paths) -%}
    select * from read_parquet(['{{ paths | join("', '") }}'])
{%- endmacro %}

{#
    Deletes the rows of files that are no longer in the feed from a table that was carried over from the last release. The hook
    of an incremental model that holds rows by file.
#}
{% macro forget_feed_files() -%}
    {%- set files = ref('dim_feed_files') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where feed_file_id not in (select feed_file_id from {{ files }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
