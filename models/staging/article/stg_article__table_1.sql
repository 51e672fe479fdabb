with source as (
    select * from {{ source('article', 'table_1') }}
),

final as (
    select
        raw_row,
        {{ parse_rank('rank') }} as egdi_rank,
        trim(country) as country_name,
        {{ parse_level('egdi_level') }} as egdi_level_code,
        trim(egdi_rating) as egdi_rating_class_code,
        {{ parse_decimal('egdi_2020') }} as egdi,
        {{ parse_decimal('osi') }} as osi,
        {{ parse_decimal('tii') }} as tii,
        {{ parse_decimal('hci') }} as hci
    from source
)

select * from final
