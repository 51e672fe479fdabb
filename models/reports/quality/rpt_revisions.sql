-- Every figure that a publisher changed after it was first imported: each value next to the one that replaced it.
with figures as (
    select * from {{ ref('int_series_figures_unpivoted') }}
),

final as (
    select
        newer.country_code,
        newer.indicator_code,
        newer.period_code,
        newer.source_code,
        newer.statistic,
        newer.vintage as vintages_ago,
        older.figure as earlier_value,
        older.accessed_on as earlier_accessed_on,
        older.source_cell_id as earlier_source_cell_id,
        newer.figure as later_value,
        newer.accessed_on as later_accessed_on,
        newer.source_cell_id as later_source_cell_id
    from figures as newer
    inner join figures as older
        on
            newer.country_code = older.country_code
            and newer.indicator_code = older.indicator_code
            and newer.period_code = older.period_code
            and newer.source_code = older.source_code
            and newer.statistic = older.statistic
            and newer.vintage + 1 = older.vintage
    where newer.figure is distinct from older.figure
)

select * from final
