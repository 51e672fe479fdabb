with final as (
    select * from {{ ref('stg_feed__quarantine') }}
)

select * from final
order by feed_file_id, feed_row
