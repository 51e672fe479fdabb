-- The dates between which a country is on a UN list. The M49 lists say only who is on each list today. If the date of a change
-- is known, it takes precedence.
{% set lists = {'lldc': 'is_lldc', 'ldc': 'is_ldc', 'sids': 'is_sids'} %}

with countries as (
    select * from {{ ref('stg_codes__countries') }}
),

dated as (
    select * from {{ ref('stg_codes__group_memberships') }}
),

listed as (
    {%- for group, flag in lists.items() %}
    select
        '{{ group }}' as group_code,
        country_code,
        {{ source_cell_id("'codes/countries.csv'", 'raw_row', "'" ~ flag ~ "'") }} as source_cell_id
    from countries
    where {{ flag }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        coalesce(dated.group_code, listed.group_code) as group_code,
        coalesce(dated.country_code, listed.country_code) as country_code,
        dated.valid_from,
        dated.valid_to,
        coalesce(dated.source_cell_id, listed.source_cell_id) as source_cell_id
    from listed
    full outer join dated
        on listed.group_code = dated.group_code and listed.country_code = dated.country_code
)

select * from final
