{#
    Reads printed text. Each macro takes a text expression and returns an SQL expression. Text that cannot be read becomes null,
    never a guess. The expressions run on both DuckDB and Spark, so they use no backslashes and no date-format strings.
#}

{# A whole number with blanks or commas between the thousands: '16,238,572', '2 638 413'. #}
{% macro parse_count(text) -%}
    try_cast(regexp_extract(replace(replace(replace({{ text }}, ' ', ''), chr(160), ''), ',', ''), '^(-?[0-9]+)$', 1) as bigint)
{%- endmacro %}

{# A decimal number with a decimal comma or point, with or without a percent sign: '0,8375', '15.1%'. #}
{% macro parse_decimal(text) -%}
    try_cast(replace(replace(trim({{ text }}), '%', ''), ',', '.') as {{ decimal_type() }})
{%- endmacro %}

{# The type of every index value: exact, and wide enough for a percentage with the ten decimals that are kept. #}
{% macro decimal_type() -%} decimal(18, 10) {%- endmacro %}

{# A rank with or without its ordinal ending, or as a decimal number: '29', '29th', '29.0'. #}
{% macro parse_rank(text) -%}
    try_cast(regexp_extract({{ text }}, '^([0-9]+)([.]0|st|nd|rd|th)?$', 1) as integer)
{%- endmacro %}

{% macro month_names() -%}
    {{ return(['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']) }}
{%- endmacro %}

{# The number of the month that the text names in English, as two digits; null if it names none. #}
{% macro parse_month(text) -%}
    case
        {%- for month in month_names() %}
        when {{ text }} like '%{{ month }}%' then '{{ '%02d' % loop.index }}'
        {%- endfor %}
    end
{%- endmacro %}

{#
    The ISO 8601 period of a printed period: '2017', '2019, January', 'January 2020'. A year that lost its first digit ('020')
    is read as a year of this century; rpt_discrepancies lists it as a misprint. A text that mentions a month but names neither
    the month nor the year becomes XXXX-XX, the ISO 8601-2 form for unspecified digits.
#}
{% macro parse_period(text) -%}
    case
        when regexp_extract({{ text }}, '([0-9]{4})', 1) <> '' and {{ parse_month(text) }} is not null
            then concat_ws('', regexp_extract({{ text }}, '([0-9]{4})', 1), '-', {{ parse_month(text) }})
        when regexp_extract({{ text }}, '([0-9]{4})', 1) <> '' then regexp_extract({{ text }}, '([0-9]{4})', 1)
        when regexp_extract({{ text }}, ' (0[0-9]{2})$', 1) <> ''
            then concat_ws('', '2', regexp_extract({{ text }}, ' (0[0-9]{2})$', 1))
        when {{ text }} like '%month%' then 'XXXX-XX'
    end
{%- endmacro %}

{#
    The grain of a period code: 2017 is a year, 2019-01 and XXXX-XX are months. 2018-04-01/P1Y is the fiscal year that begins on
    that day; 2018-A1, the SDMX reporting year, is a fiscal year of which only the number is known.
#}
{% macro period_grain(period_code) -%}
    case
        when {{ period_code }} like '%/P1Y' then 'fiscal_year'
        when {{ period_code }} like '%-A1' then 'reporting_year'
        when length({{ period_code }}) = 7 then 'month'
        else 'year'
    end
{%- endmacro %}

{# A printed day: 'March 19, 2004', 'From November 1, 2019', '03.09.2022' (day first). #}
{% macro parse_day(text) -%}
    case
        when regexp_extract({{ text }}, '^([0-9]{2}[.][0-9]{2}[.][0-9]{4})', 1) <> '' then
            make_date(
                cast(split_part({{ text }}, '.', 3) as integer),
                cast(split_part({{ text }}, '.', 2) as integer),
                cast(split_part({{ text }}, '.', 1) as integer)
            )
        when regexp_extract({{ text }}, '([0-9]{1,2}), [0-9]{4}$', 1) <> '' then
            make_date(
                cast(regexp_extract({{ text }}, '([0-9]{4})$', 1) as integer),
                cast({{ parse_month(text) }} as integer),
                cast(regexp_extract({{ text }}, '([0-9]{1,2}), [0-9]{4}$', 1) as integer)
            )
    end
{%- endmacro %}

{# The last day of an ISO 8601 year, month or day: '2003', '2007-12', '2017-06-04'. #}
{% macro parse_end_of_span(text) -%}
    case length({{ text }})
        when 4 then make_date(try_cast({{ text }} as integer), 12, 31)
        when 7 then last_day(try_cast(concat_ws('', {{ text }}, '-01') as date))
        when 10 then try_cast({{ text }} as date)
    end
{%- endmacro %}

{# Text, or null if the source left it empty. #}
{% macro filled(text) -%} nullif(trim({{ text }}), '') {%- endmacro %}

{# The key of a printed cell: file, row below the header, column. #}
{% macro source_cell_id(raw_file, raw_row, raw_column) -%}
    concat_ws('', {{ raw_file }}, '#', {{ raw_row }}, '.', {{ raw_column }})
{%- endmacro %}

{# The level of the UN scale that a printed label names: 'Very High EGD I', 'Middle EGDI', 'Moderate TII'. #}
{% macro parse_level(text) -%}
    case
        when lower({{ text }}) like 'very high%' then 'very_high'
        when lower({{ text }}) like 'high%' then 'high'
        when lower({{ text }}) like 'middle%' or lower({{ text }}) like 'moderate%' then 'middle'
        when lower({{ text }}) like 'low%' then 'low'
    end
{%- endmacro %}

{# A figure as text with a fixed number of decimals, for sentences: 0.8375000000 with 4 is '0.8375'. #}
{% macro shown(figure, decimals=0) -%}
    cast(cast(round({{ figure }}, {{ decimals }}) as decimal(18, {{ decimals }})) as string)
{%- endmacro %}

{# A text with each {placeholder} replaced by the value of its expression. #}
{% macro fill_in(text, placeholders) -%}
    {%- set filled = namespace(expression=text) -%}
    {%- for name, expression in placeholders.items() -%}
        {%- set filled.expression = "replace(" ~ filled.expression ~ ", '{" ~ name ~ "}', " ~ expression ~ ")" -%}
    {%- endfor -%}
    {{ filled.expression }}
{%- endmacro %}

{# The value of a name in a text of the form 'name=value; name=value'; null if the text lacks the name. #}
{% macro stated(text, name) -%}
    nullif(regexp_extract(concat_ws('', '; ', {{ text }}), '; {{ name }}=([^;]*)', 1), '')
{%- endmacro %}

{# What a claim asserts, or how it is read, as one value of the import `said` of a claims model. #}
{% macro said(claim, column) -%} (select {{ column }} from said where claim_code = '{{ claim }}') {%- endmacro %}
