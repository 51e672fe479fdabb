{#
    Quotients, means and medians that are the same on every engine, to the last decimal: worked out in whole numbers and rounded
    half away from zero. The engines' own differ: DuckDB divides in floating point and cuts off the median of decimals, Spark
    rounds a quotient twice. Numerators and values are whole or decimal, with up to ten decimals, as every figure here is;
    denominators are whole. A quotient by zero is null.
#}

{# A quotient with so many decimals, up to ten, as a decimal. #}
{% macro quotient(numerator, denominator, decimals) -%}
    {#- Spark rounds a product of decimals that could be too long for it, so both become whole at once -#}
    {%- set whole = 'cast(abs(cast(' ~ numerator ~ ' as decimal(38, 10))) * 10000000000 as decimal(38, 0))' -%}
    {%- set divisor = 'abs(cast(' ~ denominator ~ ' as decimal(38, 0))) * ' ~ 10 ** (10 - decimals) -%}
    {%- set unit = '0.' ~ '0' * (decimals - 1) ~ '1' if decimals else '1' -%}
    cast(
        {{ whole_quotient('2 * ' ~ whole ~ ' + ' ~ divisor, 'nullif(2 * ' ~ divisor ~ ', 0)') }}
        * case when ({{ numerator }} < 0) = ({{ denominator }} < 0) then 1 else -1 end
        * cast({{ unit }} as decimal({{ decimals + 1 }}, {{ decimals }})) as decimal(18, {{ decimals }})
    )
{%- endmacro %}

{# The mean of the values of a group; null if it has none. #}
{% macro mean(expression, decimals=10) -%}
    {{ quotient('sum(' ~ expression ~ ')', 'count(' ~ expression ~ ')', decimals) }}
{%- endmacro %}

{# The median of the values of a group: of an even number, the mean of the two in the middle; null if it has none. #}
{% macro median(expression, decimals=10) -%}
    {{ quotient(middle_two(expression), 2, decimals) }}
{%- endmacro %}

{# The sum of the two values in the middle of a group. The one in the middle of an odd number counts twice. #}
{% macro middle_two(expression) -%}
    {{ return(adapter.dispatch('middle_two', 'egov')(expression)) }}
{%- endmacro %}

{% macro default__middle_two(expression) -%}
    (quantile_disc({{ expression }}, 0.5) - quantile_disc(-({{ expression }}), 0.5))
{%- endmacro %}

{% macro spark__middle_two(expression) -%}
    {%- set values = 'sort_array(collect_list(' ~ expression ~ '))' -%}
    {%- set places = 'cast(count(' ~ expression ~ ') as int)' -%}
    (
        try_element_at({{ values }}, greatest(cast(({{ places }} + 1) div 2 as int), 1))
        + try_element_at({{ values }}, cast({{ places }} div 2 + 1 as int))
    )
{%- endmacro %}

{# How often a whole number goes into another; neither is negative. #}
{% macro whole_quotient(numerator, denominator) -%}
    {{ return(adapter.dispatch('whole_quotient', 'egov')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__whole_quotient(numerator, denominator) -%}
    cast(cast({{ numerator }} as hugeint) // cast({{ denominator }} as hugeint) as bigint)
{%- endmacro %}

{% macro spark__whole_quotient(numerator, denominator) -%}
    (cast({{ numerator }} as decimal(38, 0)) div cast({{ denominator }} as decimal(38, 0)))
{%- endmacro %}
