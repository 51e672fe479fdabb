select * from {{ ref('stg_codes__obs_statuses') }}
