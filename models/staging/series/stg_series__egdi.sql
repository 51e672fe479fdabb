with files as (
    {{ union_layout('egdi', ['country_code', 'survey_year', 'egdi_rank', 'egdi', 'epi', 'osi', 'hci', 'tii']) }}
),

final as (
    select
        source_code,
        raw_file,
        raw_row,
        revision,
        accessed_on,
        country_code,
        survey_year as period_code,
        {{ parse_rank('egdi_rank') }} as egdi_rank,
        {{ parse_decimal('egdi') }} as egdi,
        {{ parse_decimal('epi') }} as epi,
        {{ parse_decimal('osi') }} as osi,
        {{ parse_decimal('hci') }} as hci,
        {{ parse_decimal('tii') }} as tii
    from files
)

select * from final
