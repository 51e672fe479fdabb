-- Diagram 1, only the points that the text states: the image itself has no readable figures.
with observations as (
    select * from {{ ref('fct_index_observations') }}
    where source_code = 'sabdenov_abdrakhmanova' and indicator_code = 'INTERNET_USERS_16_74' and country_code = 'KAZ'
),

exhibits as (
    select * from {{ ref('stg_article__exhibits') }}
    where exhibit_code = 'diagram_1'
),

final as (
    select
        observations.period_code,
        cast(observations.value as decimal(4, 1)) as share,
        exhibits.caption,
        exhibits.source_line,
        observations.source_cell_id
    from observations
    cross join exhibits
)

select * from final
order by period_code
