{#
    Proves, at the end of each run, the contract of every table that the run built: keys, references, columns that are never
    null, and checks. Each rule of a contract is written once, in the properties of its model. If the engine enforces
    constraints when it writes a table, the macro only proves that the constraint exists. On any other engine it queries the
    rows. `--vars 'prove_contracts: by_rows'` queries the rows on every engine.

    Returns a statement that passes, or a statement that fails and names each broken rule, the number of rows that break it, and
    one such row.
#}
{% macro contracts_hold(results) -%}
    {%- set broken = [] -%}
    {%- if execute -%}
        {%- set tables = [] -%}
        {%- for result in results if result.node.resource_type == 'model' and result.status == 'success' -%}
            {%- if result.node.config.contract.enforced -%} {%- do tables.append(result.node) -%} {%- endif -%}
        {%- endfor -%}
        {%- if tables -%}
            {%- set how = var('prove_contracts', none) or adapter.dispatch('contracts_are_proved', 'egov')() -%}
            {%- if how == 'by_rows' -%}
                {%- do broken.extend(broken_by_rows(tables)) -%}
            {%- else -%}
                {%- do broken.extend(missing_constraints(tables)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
    {%- if not broken -%} {{ return('select 1') }} {%- endif -%}
    {%- set more = '; and ' ~ (broken | length - 10) ~ ' more' if broken | length > 10 else '' -%}
    {{ return(adapter.dispatch('fail_with', 'egov')('contracts do not hold: ' ~ broken[:10] | join('; ') ~ more)) }}
{%- endmacro %}

{% macro default__contracts_are_proved() -%} {{ return('by_rows') }} {%- endmacro %}
{% macro duckdb__contracts_are_proved() -%} {{ return('by_constraints') }} {%- endmacro %}

{% macro default__fail_with(message) -%} select raise_error({{ literal(message) }}) {%- endmacro %}
{% macro duckdb__fail_with(message) -%} select error({{ literal(message) }}) {%- endmacro %}

{# dbt fetches no rows of a hook, and Spark works out no row that is not fetched, unless it has to keep it. #}
{% macro spark__fail_with(message) -%} cache table broken_contracts as select raise_error({{ literal(message) }}) as message {%- endmacro %}

{#
    The rules of a contract. Each rule is a dictionary with its kind and columns; a reference also has the relation and columns
    that it points to, and a check has its expression.
#}
{% macro contract_rules(node) -%}
    {%- set rules = [] -%}
    {%- for constraint in node.constraints -%}
        {%- do rules.append({'kind': constraint.type.value, 'columns': constraint.columns, 'to': constraint.to,
                             'to_columns': constraint.to_columns, 'expression': constraint.expression}) -%}
    {%- endfor -%}
    {%- for column in node.columns.values() -%}
        {%- for constraint in column.constraints -%}
            {%- do rules.append({'kind': constraint.type.value, 'columns': [column.name], 'to': constraint.to,
                                 'to_columns': constraint.to_columns, 'expression': constraint.expression}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

{# Contract rules that have no constraint in the built tables. DuckDB only. #}
{% macro missing_constraints(tables) -%}
    {#- one text, because dbt takes its time to guess the types of a table of answers -#}
    {%- set query -%}
        select string_agg(
            concat_ws(
                '|', schema_name, table_name, constraint_type, array_to_string(constraint_column_names, ', '),
                coalesce(referenced_table, ''), array_to_string(referenced_column_names, ', ')
            ), chr(10)
        )
        from duckdb_constraints()
        where database_name = current_database()
    {%- endset -%}
    {%- set found = (run_query(query).columns[0].values()[0] or '').split('\n') -%}
    {%- set missing = [] -%}
    {%- for node in tables -%}
        {%- for rule in contract_rules(node) -%}
            {%- set kind = rule.kind | replace('_', ' ') -%}
            {%- set to = rule.to.split('.')[-1] | replace('"', '') if rule.to else '' -%}
            {%- set wanted = [node.schema, node.name, kind | upper, rule.columns | join(', '), to, rule.to_columns | join(', ')] | join('|') -%}
            {%- if wanted not in found -%}
                {%- do missing.append(node.schema ~ '.' ~ node.name ~ ' has no ' ~ kind ~ ' on ' ~ rule.columns | join(', ')) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(missing) }}
{%- endmacro %}

{# Contract rules that rows break, each with the number of such rows and one example. #}
{% macro broken_by_rows(tables) -%}
    {%- set broken = [] -%}
    {%- for node in tables -%}
        {%- set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
        {%- set of_rows = [] -%}
        {%- set of_tables = [] -%}
        {%- for rule in contract_rules(node) -%}
            {%- do (of_rows if rule.kind in ('not_null', 'check') else of_tables).append(rule) -%}
        {%- endfor -%}
        {%- set found = [] -%}
        {%- if of_rows -%} {%- do found.extend(broken_in_one_row(relation, of_rows)) -%} {%- endif -%}
        {%- if of_tables -%} {%- do found.extend(broken_between_rows(relation, of_tables)) -%} {%- endif -%}
        {%- for rule, failures, example in found -%}
            {%- do broken.append(node.schema ~ '.' ~ node.name ~ ' breaks ' ~ rule ~ ' (rows: ' ~ failures ~ ', for example ' ~ example ~ ')') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(broken) }}
{%- endmacro %}

{# A rule and the columns it is about, as in `check on kind`. #}
{% macro rule_name(rule) -%} {{ return(rule.kind | replace('_', ' ') ~ ' on ' ~ rule.columns | join(', ')) }} {%- endmacro %}

{# The columns of a rule as one text. #}
{% macro row_text(rule) -%} concat_ws(', ', cast({{ rule.columns | join(" as string), cast(") }} as string)) {%- endmacro %}

{# The broken ones of the rules that each row keeps by itself. The table is read once for all of them. #}
{% macro broken_in_one_row(relation, rules) -%}
    {%- set query -%}
        select
        {%- for rule in rules %}
            {%- set breaks = rule.columns | join(' is null or ') ~ ' is null' if rule.kind == 'not_null' else 'not (' ~ rule.expression ~ ')' %}
            count(case when {{ breaks }} then 1 end) as failures_{{ loop.index }},
            min(case when {{ breaks }} then {{ row_text(rule) }} end) as example_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
        from {{ relation }}
    {%- endset -%}
    {%- set values = run_query(query).rows[0] -%}
    {%- set broken = [] -%}
    {%- for rule in rules -%}
        {%- set failures, example = values[2 * loop.index0], values[2 * loop.index0 + 1] -%}
        {%- if failures -%} {%- do broken.append((rule_name(rule), failures, example)) -%} {%- endif -%}
    {%- endfor -%}
    {{ return(broken) }}
{%- endmacro %}

{# The broken ones of the keys and references of a table. #}
{% macro broken_between_rows(relation, rules) -%}
    {%- set queries = [] -%}
    {%- for rule in rules -%}
        {%- set columns = rule.columns | join(', ') -%}
        {%- set breaks -%}
            {%- if rule.kind == 'primary_key' -%}
                select {{ columns }} from {{ relation }} group by {{ columns }}
                having count(*) > 1 or {{ rule.columns | join(' is null or ') }} is null
            {%- elif rule.kind == 'unique' -%}
                select {{ columns }} from {{ relation }} where {{ rule.columns | join(' is not null and ') }} is not null
                group by {{ columns }} having count(*) > 1
            {%- else -%}
                select child.{{ columns }} from {{ relation }} as child
                left join {{ rule.to }} as parent on child.{{ columns }} = parent.{{ rule.to_columns[0] }}
                where child.{{ columns }} is not null and parent.{{ rule.to_columns[0] }} is null
            {%- endif -%}
        {%- endset -%}
        {%- set query -%}
            select {{ literal(rule_name(rule)) }} as rule, count(*) as failures, min({{ row_text(rule) }}) as example
            from ({{ breaks }}) as breaks
            having count(*) > 0
        {%- endset -%}
        {%- do queries.append(query) -%}
    {%- endfor -%}
    {{ return(run_query(queries | join(' union all ')).rows | map('list') | list) }}
{%- endmacro %}
