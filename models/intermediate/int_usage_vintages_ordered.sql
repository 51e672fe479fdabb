-- Every usage figure of every copy of every source: of the copies of a series that give figures of a country and period, the
-- newest is vintage 1. It counts as a whole: what it no longer gives is gone, although an older copy gave it.
with series as (
    select * from {{ ref('stg_series__usage') }}
    where country_code is not null
),

final as (
    select
        *,
        cast(
            dense_rank() over (
                partition by source_code, series_code, country_code, period_code
                order by accessed_on desc nulls last, revision desc, raw_file desc
            ) as integer
        ) as vintage
    from series
)

select * from final
