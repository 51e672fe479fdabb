select * from {{ ref('stg_article__front_matter') }}
order by element, language, position
