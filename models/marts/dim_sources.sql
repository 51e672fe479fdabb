select * from {{ ref('stg_datapackage__sources') }}
