with source as (
    select * from {{ source('feed', 'quarantine') }}
),

final as (
    select
        feed_file_id,
        cast(feed_row as integer) as feed_row,
        usage_date,
        service_code,
        region_code,
        channel_code,
        usage_count,
        reason
    from source
)

select * from final
