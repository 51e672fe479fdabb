select * from {{ ref('stg_codes__usage_measures') }}
