-- Every total that a source prints, beside the sum of its parts: the channels of a service, or the parts of a measure. Where they
-- differ, the figures may say why: the difference is one of the parts.
with usage as (
    select * from {{ ref('int_service_usage_periods_judged') }}
),

measures as (
    select * from {{ ref('stg_codes__usage_measures') }}
),

channels as (
    select * from {{ ref('stg_codes__channels') }}
),

-- the parts of a total: figures by channel beside one over all channels, or figures of the parts of a measure
parts as (
    select
        totals.service_usage_id as total_id,
        channels.name_en as part,
        usage.usage_count
    from usage
    inner join usage as totals
        on
            usage.source_code = totals.source_code
            and usage.country_code = totals.country_code
            and usage.service_code = totals.service_code
            and usage.measure_code = totals.measure_code
            and usage.period_code = totals.period_code
            and totals.channel_code is null
    inner join channels
        on usage.channel_code = channels.channel_code
    union all
    select
        totals.service_usage_id as total_id,
        measures.name_en as part,
        usage.usage_count
    from usage
    inner join measures
        on usage.measure_code = measures.measure_code
    inner join usage as totals
        on
            usage.source_code = totals.source_code
            and usage.country_code = totals.country_code
            and usage.service_code = totals.service_code
            and measures.total_measure_code = totals.measure_code
            and usage.period_code = totals.period_code
            and usage.channel_code is not distinct from totals.channel_code
            and usage.agency_code is not distinct from totals.agency_code
),

sums as (
    select
        total_id,
        cast(sum(usage_count) as bigint) as sum_of_parts,
        cast(count(usage_count) as integer) as parts_known,
        cast(count(*) - count(usage_count) as integer) as parts_missing
    from parts
    group by total_id
),

compared as (
    select
        usage.*,
        sums.sum_of_parts,
        sums.parts_known,
        sums.parts_missing,
        sums.sum_of_parts - usage.usage_count as excess
    from usage
    inner join sums
        on usage.service_usage_id = sums.total_id
    where usage.usage_count is not null
),

-- a part that is as large as the difference
explained as (
    select
        compared.service_usage_id,
        min(parts.part) as part
    from compared
    inner join parts
        on compared.service_usage_id = parts.total_id and abs(compared.excess) = parts.usage_count
    where compared.excess <> 0
    group by compared.service_usage_id
),

final as (
    select
        compared.service_usage_id,
        compared.source_code,
        compared.country_code,
        compared.service_code,
        compared.measure_code,
        compared.channel_code,
        compared.period_code,
        compared.usage_count as printed_total,
        compared.sum_of_parts,
        compared.parts_known,
        compared.parts_missing,
        case
            when compared.parts_missing = 0 then compared.excess = 0
            when compared.excess > 0 then false
        end as agrees,
        case
            when compared.parts_known = 0 then 'Cannot be checked: no part has a figure.'
            when compared.parts_missing > 0 and compared.excess <= 0
                then concat_ws('', 'Cannot be checked: ', compared.parts_missing, ' parts have no figure.')
            when compared.excess = 0 then 'The parts add up to the total.'
            when compared.excess > 0 and explained.part is not null
                then concat_ws(
                    '',
                    'The difference is the figure of one part: ', explained.part, '. The total leaves it out, or it is counted twice in the parts.'
                )
            when explained.part is not null
                then concat_ws('', 'The difference is the figure of one part: ', explained.part, '. The total seems to count it twice.')
            when compared.excess > 0 then concat_ws('', 'The parts exceed the total by ', compared.excess, ', and no part explains it.')
            else concat_ws('', 'The parts fall short of the total by ', -compared.excess, ', and no part explains it.')
        end as reason,
        compared.source_cell_id
    from compared
    left join explained
        on compared.service_usage_id = explained.service_usage_id
)

select * from final
