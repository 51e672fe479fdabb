with observations as (
    select * from {{ ref('int_index_observations_unioned') }}
),

editions as (
    select
        indicator_code,
        period_code,
        max(countries_ranked) as countries_assessed
    from observations
    group by indicator_code, period_code
),

final as (
    select
        indicator_code,
        period_code,
        cast(null as string) as method_note,
        cast(null as boolean) as is_comparable_with_previous,
        countries_assessed
    from editions
)

select * from final
