select * from {{ ref('int_index_observations_unioned') }}
