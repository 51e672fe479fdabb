select * from {{ ref('int_agencies_listed') }}
