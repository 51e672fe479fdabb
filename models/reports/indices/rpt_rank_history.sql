-- The EGDI rank of every state in every edition, next to its previous rank. Ranks compare states with each other.
with profiles as (
    select * from {{ ref('rpt_country_profile') }}
),

final as (
    select
        country_code,
        country_name,
        period_code,
        rank,
        lag(rank) over (partition by country_code order by period_code) as previous_rank,
        places_gained,
        states_assessed,
        egdi,
        egdi_change,
        is_comparable_with_previous,
        comparability_note,
        method_note
    from profiles
)

select * from final
order by country_code, period_code
