select * from {{ ref('stg_article__events') }}
