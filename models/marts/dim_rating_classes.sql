select * from {{ ref('stg_codes__rating_classes') }}
