select * from {{ ref('int_index_values_chosen') }}
