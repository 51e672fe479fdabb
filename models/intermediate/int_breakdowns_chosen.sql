-- One row per figure of a part of the population: the newest copy of it. A part without a code counts everybody.
with breakdowns as (
    select
        *,
        row_number() over (
            partition by
                source_code, country_code, indicator_code, region_code, sex_code, age_code, settlement_code, period_code
            order by accessed_on desc nulls last, revision desc, source_cell_id desc
        ) as vintage
    from {{ ref('stg_series__breakdowns') }}
),

final as (
    select
        concat_ws(
            '.', country_code, indicator_code, period_code, region_code, case when sex_code is not null then concat_ws('', 'sex_', sex_code) end,
            age_code, case when settlement_code is not null then concat_ws('', 'settlement_', settlement_code) end, source_code
        ) as indicator_breakdown_id,
        country_code,
        region_code,
        sex_code,
        age_code,
        settlement_code,
        indicator_code,
        period_code,
        value,
        case when value is null then 'O' else 'A' end as obs_status_code,
        source_code,
        source_cell_id
    from breakdowns
    where vintage = 1
)

select * from final
