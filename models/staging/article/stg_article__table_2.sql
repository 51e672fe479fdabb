with source as (
    select * from {{ source('article', 'table_2') }}
),

final as (
    select
        raw_row,
        very_high_hci_high_tii,
        very_high_tii_high_hci,
        high_tii_high_hci,
        high_hci_moderate_tii
    from source
)

select * from final
