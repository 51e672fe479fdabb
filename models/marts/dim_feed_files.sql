select * from {{ ref('stg_feed__files') }}
