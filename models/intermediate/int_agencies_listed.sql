-- Organisations that provide services, as the newest copy of a national inventory lists them.
with agencies as (
    select
        *,
        row_number() over (
            partition by agency_code
            order by accessed_on desc nulls last, revision desc, raw_file desc
        ) as vintage
    from {{ ref('stg_series__agencies') }}
),

final as (
    select
        agency_code,
        country_code,
        coalesce(applied_title, legal_title) as name_en,
        abbreviation
    from agencies
    where vintage = 1
)

select * from final
