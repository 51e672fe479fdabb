-- One row per index figure that the article prints, wherever it prints it. For a figure printed more than once, the
-- table (precedence 1) comes before the running text (2).
{% set values = {'egdi': 'EGDI', 'osi': 'OSI', 'tii': 'TII', 'hci': 'HCI'} %}
{% set columns = {'egdi': 'egdi_2020', 'osi': 'osi', 'tii': 'tii', 'hci': 'hci'} %}

with table_1 as (
    select * from {{ ref('int_article_table_1_listed') }}
),

prose as (
    select * from {{ ref('stg_article__prose_index_figures') }}
),

figures as (
    {%- for column, indicator in values.items() %}
    select
        country_code,
        '{{ indicator }}' as indicator_code,
        period_code,
        'value' as statistic,
        {{ column }} as figure,
        cast(null as string) as label,
        {{ source_cell_id("'article/table_1.csv'", 'raw_row', "'" ~ columns[column] ~ "'") }} as source_cell_id,
        1 as precedence
    from table_1
    union all
    {%- endfor %}
    select
        country_code,
        'EGDI' as indicator_code,
        period_code,
        'rank' as statistic,
        cast(egdi_rank as {{ decimal_type() }}) as figure,
        cast(null as string) as label,
        {{ source_cell_id("'article/table_1.csv'", 'raw_row', "'rank'") }} as source_cell_id,
        1 as precedence
    from table_1
    union all
    select
        country_code,
        'EGDI' as indicator_code,
        period_code,
        'level' as statistic,
        cast(null as {{ decimal_type() }}) as figure,
        egdi_level_code as label,
        {{ source_cell_id("'article/table_1.csv'", 'raw_row', "'egdi_level'") }} as source_cell_id,
        1 as precedence
    from table_1
    union all
    select
        country_code,
        'EGDI' as indicator_code,
        period_code,
        'rating_class' as statistic,
        cast(null as {{ decimal_type() }}) as figure,
        egdi_rating_class_code as label,
        {{ source_cell_id("'article/table_1.csv'", 'raw_row', "'egdi_rating'") }} as source_cell_id,
        1 as precedence
    from table_1
    union all
    select
        country_code,
        indicator_code,
        period_code,
        statistic,
        figure,
        cast(null as string) as label,
        source_cell_id,
        2 as precedence
    from prose
),

final as (
    select
        *,
        'sabdenov_abdrakhmanova' as source_code
    from figures
)

select * from final
