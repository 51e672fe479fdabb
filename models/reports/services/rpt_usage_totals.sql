-- Every total that a source prints, beside the sum of its parts.
with final as (
    select * from {{ ref('int_usage_totals_compared') }}
)

select * from final
order by service_usage_id
