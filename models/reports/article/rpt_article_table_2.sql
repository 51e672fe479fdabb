-- Table 2 as printed, rebuilt from the memberships: one row of lists.
with memberships as (
    select * from {{ ref('bridge_country_groups') }}
),

-- the order and the names of the printed lists
printed as (
    select * from {{ ref('int_article_table_2_split') }}
),

listed as (
    select
        memberships.group_code,
        {{ join_text('printed.country_name', ', ', 'printed.position') }} as countries
    from memberships
    inner join printed
        on
            memberships.group_code = printed.group_code
            and memberships.country_code = printed.country_code
            and memberships.source_cell_id = printed.source_cell_id
    group by memberships.group_code
),

final as (
    select
        1 as row_number,
        max(case when group_code = 'osi_vh_hci_vh_tii_h' then countries end) as very_high_hci_high_tii,
        max(case when group_code = 'osi_vh_tii_vh_hci_h' then countries end) as very_high_tii_high_hci,
        max(case when group_code = 'osi_vh_tii_h_hci_h' then countries end) as high_tii_high_hci,
        max(case when group_code = 'osi_vh_hci_h_tii_m' then countries end) as high_hci_moderate_tii
    from listed
    having count(*) > 0
)

select * from final
