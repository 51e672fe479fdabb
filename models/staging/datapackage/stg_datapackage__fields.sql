with source as (
    select * from {{ source('datapackage', 'fields') }}
),

final as (
    select
        raw_file,
        field_name,
        cast(field_position as integer) as field_position,
        title,
        cast(is_printed as boolean) as is_printed
    from source
)

select * from final
