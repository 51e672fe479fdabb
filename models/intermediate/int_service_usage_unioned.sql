-- One row per figure that any source prints on the use of a service. The article's figures come from Table 3, unpivoted, and
-- from the running text; those of other sources come from the newest copy in the long layout.
{% set columns = ['usage_2017', 'usage_2018', 'usage_2019_january', 'usage_2020_january', 'usage_2021_january'] %}

with table_3 as (
    select * from {{ ref('stg_article__table_3') }}
),

headers as (
    select * from {{ ref('stg_article__table_headers') }}
),

service_names as (
    select * from {{ ref('stg_article__service_names') }}
),

prose as (
    select * from {{ ref('stg_article__prose_usage_figures') }}
),

-- channels that are all zero beside a total that is not known are no figures: if nothing had been counted, the total were zero
series as (
    select
        *,
        channel_code is not null
        and usage_count = 0
        and max(usage_count) over (
            partition by source_code, country_code, service_code, measure_code, agency_code, period_code
        ) = 0
        and max(case when channel_code is null and usage_count is null then 1 else 0 end) over (
            partition by source_code, country_code, service_code, measure_code, agency_code, period_code
        ) = 1 as is_unknown_zero
    from {{ ref('int_usage_vintages_ordered') }}
    where vintage = 1
),

-- a row of Table 3 is about the service whose names its first cell quotes
table_3_services as (
    select distinct
        table_3.raw_row,
        service_names.service_code
    from table_3
    inner join service_names
        on position(concat_ws('', '"', service_names.name_en, '"') in table_3.service_names) > 0
),

table_3_long as (
    {%- for column in columns %}
    select
        raw_row,
        '{{ column }}' as column_name,
        {{ column }} as usage_count
    from table_3
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

from_table as (
    select
        table_3_services.service_code,
        headers.period_code,
        'uses' as measure_code,
        table_3_long.usage_count,
        'exact' as value_qualifier,
        {{ source_cell_id("'article/table_3.csv'", 'table_3_long.raw_row', 'table_3_long.column_name') }} as source_cell_id,
        true as is_from_table
    from table_3_long
    left join table_3_services
        on table_3_long.raw_row = table_3_services.raw_row
    inner join headers
        on table_3_long.column_name = headers.column_name and headers.exhibit_code = 'table_3'
),

from_prose as (
    select
        service_code,
        period_code,
        measure_code,
        usage_count,
        value_qualifier,
        source_cell_id,
        false as is_from_table
    from prose
),

article as (
    select * from from_table
    union all
    select * from from_prose
),

final as (
    select
        'sabdenov_abdrakhmanova' as source_code,
        'KAZ' as country_code,
        service_code,
        measure_code,
        cast(null as string) as channel_code,
        cast(null as string) as agency_code,
        period_code,
        usage_count,
        value_qualifier,
        case when usage_count is null then 'O' else 'A' end as obs_status_code,
        cast(null as string) as note,
        source_cell_id,
        is_from_table
    from article
    union all
    select
        source_code,
        country_code,
        service_code,
        measure_code,
        channel_code,
        agency_code,
        period_code,
        case when not coalesce(is_unknown_zero, false) then usage_count end as usage_count,
        'exact' as value_qualifier,
        case
            when is_unknown_zero then 'U'
            when usage_count is null then missing_status_code
            when note like '%estimated%' then 'E'
            else 'A'
        end as obs_status_code,
        note,
        source_cell_id,
        true as is_from_table
    from series
)

select * from final
