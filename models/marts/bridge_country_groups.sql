select * from {{ ref('int_country_groups_unioned') }}
