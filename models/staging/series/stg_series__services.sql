with files as (
    {{ union_layout('services', ['service_code', 'country_code', 'agency_code', 'service_name_en', 'service_name_fr']) }}
),

final as (
    select
        source_code,
        revision,
        accessed_on,
        raw_file,
        service_code,
        country_code,
        {{ filled('agency_code') }} as agency_code,
        service_name_en as name_en,
        {{ filled('service_name_fr') }} as name_fr
    from files
)

select * from final
