select * from {{ ref('int_breakdowns_chosen') }}
