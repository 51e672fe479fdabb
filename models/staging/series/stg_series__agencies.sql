with files as (
    {{ union_layout('agencies', ['agency_code', 'country_code', 'abbr_en', 'legal_title', 'applied_title']) }}
),

final as (
    select
        source_code,
        revision,
        accessed_on,
        raw_file,
        agency_code,
        country_code,
        {{ filled('abbr_en') }} as abbreviation,
        legal_title,
        {{ filled('applied_title') }} as applied_title
    from files
)

select * from final
