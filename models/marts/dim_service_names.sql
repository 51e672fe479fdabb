select * from {{ ref('stg_article__service_names') }}
