with source as (
    select * from {{ source('codes', 'service_equivalents') }}
),

final as (
    select
        service_code,
        national_service_code,
        measure_code,
        national_measure_code,
        note
    from source
)

select * from final
