select * from {{ ref('stg_codes__country_groups') }}
