-- Aggregates, cities and other jurisdictions that a source lists among its countries and that are none: kept in raw/, left out of
-- every fact, counted here.
with aggregates as (
    select * from {{ ref('stg_codes__aggregates') }}
),

figures as (
    select
        source_code,
        published_code,
        cast(coalesce(value, published_rank) as string) as figure
    from {{ ref('stg_series__figures') }}
    where country_code is null
    union all
    select
        source_code,
        country_name as published_code,
        cast(usage_count as string) as figure
    from {{ ref('stg_series__usage') }}
    where country_code is null
),

final as (
    select
        figures.source_code,
        figures.published_code as aggregate_code,
        coalesce(aggregates.name_en, figures.published_code) as aggregate_name,
        cast(count(*) as integer) as cells,
        cast(count(figures.figure) as integer) as figures
    from figures
    left join aggregates
        on figures.published_code = aggregates.aggregate_code
    group by figures.source_code, figures.published_code, aggregates.name_en
)

select * from final
order by source_code, aggregate_code
