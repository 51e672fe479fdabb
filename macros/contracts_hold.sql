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
        {%- set queries = [] -%}
        {%- for rule in contract_rules(node) -%}
            {%- set columns = rule.columns | join(', ') -%}
            {%- set row = rule.columns | join(" as string), ', ', cast(") -%}
            {%- set breaks -%}
                {%- if rule.kind == 'primary_key' -%}
                    select {{ columns }} from {{ relation }} group by {{ columns }}
                    having count(*) > 1 or {{ rule.columns | join(' is null or ') }} is null
                {%- elif rule.kind == 'not_null' -%}
                    select {{ columns }} from {{ relation }} where {{ columns }} is null
                {%- elif rule.kind == 'foreign_key' -%}
                    select child.{{ columns }} from {{ relation }} as child
                    left join {{ rule.to }} as parent on child.{{ columns }} = parent.{{ rule.to_columns[0] }}
                    where child.{{ columns }} is not null and parent.{{ rule.to_columns[0] }} is null
                {%- elif rule.kind == 'check' -%}
                    select {{ columns }} from {{ relation }} where not ({{ rule.expression }})
                {%- endif -%}
            {%- endset -%}
            {%- set query -%}
                select
                    {{ literal(rule.kind | replace('_', ' ') ~ ' on ' ~ columns) }} as rule,
                    count(*) as failures,
                    min(concat(cast({{ row }} as string))) as example
                from ({{ breaks }}) as breaks
                having count(*) > 0
            {%- endset -%}
            {%- do queries.append(query) -%}
        {%- endfor -%}
        {%- for row in run_query(queries | join(' union all ')) -%}
            {%- do broken.append(node.schema ~ '.' ~ node.name ~ ' breaks ' ~ row[0] ~ ' (rows: ' ~ row[1] ~ ', for example ' ~ row[2] ~ ')') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(broken) }}
{%- endmacro %}
