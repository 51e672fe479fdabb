with source as (
    select * from {{ source('feed', 'files') }}
),

final as (
    select
        feed_file_id,
        month,
        sha256,
        file_name,
        cast(row_count as bigint) as row_count,
        cast(usage_sum as bigint) as usage_sum,
        cast(stated_row_count as bigint) as stated_row_count,
        cast(stated_usage_sum as bigint) as stated_usage_sum,
        cast(quarantined_rows as bigint) as quarantined_rows,
        cast({{ filled('quarantined_sum') }} as bigint) as quarantined_sum,
        {{ filled('replaces') }} as replaces,
        cast(arrived_at as {{ timestamp_type() }}) as arrived_at
    from source
)

select * from final
