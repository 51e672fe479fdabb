-- Oddities of usage figures that a rule finds, so that it also finds the next one. A figure stays as published, except a zero that
-- stands for an unknown figure. Smaller counts than those below change and repeat by chance.
{% set series = 'partition by source_code, country_code, service_code, measure_code, channel_code, agency_code order by period_code' %}

with usage as (
    select
        usage.service_usage_id,
        usage.source_code,
        usage.country_code,
        usage.service_code,
        usage.measure_code,
        usage.channel_code,
        usage.agency_code,
        usage.period_code,
        usage.usage_count,
        usage.obs_status_code,
        usage.source_cell_id,
        cells.locator,
        cells.printed_text
    from {{ ref('fct_service_usage') }} as usage
    inner join {{ ref('dim_source_cells') }} as cells
        on usage.source_cell_id = cells.source_cell_id
    where usage.source_code <> 'sabdenov_abdrakhmanova'
),

totals as (
    select * from {{ ref('int_usage_totals_compared') }}
    where not agrees
),

sums as (
    select * from {{ ref('int_usage_channels_summed') }}
),

neighbours as (
    select
        *,
        lag(usage_count) over ({{ series }}) as count_before,
        lead(usage_count) over ({{ series }}) as count_after
    from usage
),

-- the same count of several channels of a service, or of the totals of several services
doubles as (
    select
        *,
        count(*) over (
            partition by source_code, country_code, service_code, measure_code, period_code, usage_count, channel_code is null
        ) as channels_alike,
        min(service_usage_id) over (
            partition by source_code, country_code, service_code, measure_code, period_code, usage_count, channel_code is null
        ) as first_channel,
        count(*) over (
            partition by source_code, country_code, measure_code, period_code, usage_count, channel_code is null
        ) as services_alike,
        min(service_usage_id) over (
            partition by source_code, country_code, measure_code, period_code, usage_count, channel_code is null
        ) as first_service
    from usage
    where usage_count >= 1000
),

repeated_sums as (
    select *
    from (
        select
            *,
            lag(usage_all) over (partition by source_code, country_code, service_code, measure_code order by period_code) as all_before,
            lag(usage_online) over (partition by source_code, country_code, service_code, measure_code order by period_code) as online_before
        from sums
    ) as ordered
    where usage_all >= 10000 and usage_all = all_before and usage_online <> online_before
),

found as (
    select
        'total_differs' as kind,
        totals.service_usage_id,
        'A printed total that its parts do not give stays as published' as rule,
        concat_ws('', 'The parts give ', totals.sum_of_parts, '. ', totals.reason) as note
    from totals
    union all
    select
        'zero_for_unknown' as kind,
        min(service_usage_id) as service_usage_id,
        'Zeros in every channel beside a total that is not known stand for unknown figures' as rule,
        concat_ws(
            '',
            'The total is marked as not known, which it would not be if nothing had been counted. Channels: ', count(*), '.'
        ) as note
    from usage
    where obs_status_code = 'U'
    group by source_code, country_code, service_code, measure_code, period_code
    union all
    select
        'one_unnamed_channel' as kind,
        usage.service_usage_id,
        'Zeros beside a total that stands in an unnamed channel may stand for unknown figures' as rule,
        concat_ws('', 'The other ', sums.channels_known - 1, ' channels are printed as zero: how the use came about may not be known.') as note
    from usage
    inner join sums
        on
            usage.source_code = sums.source_code
            and usage.country_code = sums.country_code
            and usage.service_code = sums.service_code
            and usage.measure_code = sums.measure_code
            and usage.period_code = sums.period_code
    where
        usage.channel_code is not null and usage.usage_count > 0
        and sums.usage_other = sums.usage_all and sums.channels_known > 2
    union all
    select
        'zero_between' as kind,
        service_usage_id,
        'A zero between two counts of a thousand or more may stand for an unknown figure' as rule,
        concat_ws('', 'The period before has ', count_before, ', the period after ', count_after, '.') as note
    from neighbours
    where usage_count = 0 and count_before >= 1000 and count_after >= 1000
    union all
    select
        'jump' as kind,
        service_usage_id,
        'A count a hundred times as high or low as the one before may have another unit or extent' as rule,
        concat_ws('', 'The period before has ', count_before, '.') as note
    from neighbours
    where
        (usage_count >= 10000 and count_before > 0 and usage_count >= count_before * 100)
        or (count_before >= 10000 and usage_count > 0 and count_before >= usage_count * 100)
    union all
    select
        'spike' as kind,
        service_usage_id,
        'A count eight times as high as those before and after may have a digit too many' as rule,
        concat_ws('', 'The period before has ', count_before, ', the period after ', count_after, '.') as note
    from neighbours
    where
        usage_count >= 100000 and count_before > 0 and count_after > 0
        and usage_count >= count_before * 8 and usage_count >= count_after * 8
    union all
    select
        'repeated' as kind,
        service_usage_id,
        'A count of a thousand or more that is that of the period before may be carried forward' as rule,
        'The period before has the same count.' as note
    from neighbours
    where usage_count >= 1000 and usage_count = count_before
    union all
    select
        'repeated_sum' as kind,
        min(usage.service_usage_id) as service_usage_id,
        'Channels that differ from those before and give the same sum may have been fitted to it' as rule,
        concat_ws('', 'The channels give ', repeated_sums.usage_all, ', as in the period before.') as note
    from repeated_sums
    inner join usage
        on
            repeated_sums.source_code = usage.source_code
            and repeated_sums.country_code = usage.country_code
            and repeated_sums.service_code = usage.service_code
            and repeated_sums.measure_code = usage.measure_code
            and repeated_sums.period_code = usage.period_code
    where usage.channel_code is not null
    group by
        repeated_sums.source_code, repeated_sums.country_code, repeated_sums.service_code, repeated_sums.measure_code,
        repeated_sums.period_code, repeated_sums.usage_all
    union all
    select
        'two_channels' as kind,
        service_usage_id,
        'A count of a thousand or more in two channels of the same service and period may be entered twice' as rule,
        concat_ws('', channels_alike, ' channels have this count.') as note
    from doubles
    where channel_code is not null and channels_alike > 1 and service_usage_id = first_channel
    union all
    select
        'two_services' as kind,
        service_usage_id,
        'A total of a thousand or more of two services in the same period may be entered twice' as rule,
        'Another service has the same total.' as note
    from doubles
    where channel_code is null and services_alike > 1 and service_usage_id = first_service
    union all
    select
        'round' as kind,
        service_usage_id,
        'A count of a hundred thousand or more that ends in four zeros is likely an estimate' as rule,
        'The source does not mark it as an estimate.' as note
    from usage
    where usage_count >= 100000 and usage_count % 10000 = 0 and obs_status_code <> 'E'
    union all
    select
        'negative' as kind,
        service_usage_id,
        'A count below zero stays as published' as rule,
        'It is a remainder: more met the standard than were measured against it.' as note
    from usage
    where usage_count < 0
),

final as (
    select
        concat_ws('', found.kind, '_', replace(replace(replace(lower(usage.service_usage_id), '.', '_'), '/', '_'), '-', '_')) as finding_code,
        usage.country_code,
        usage.source_code,
        usage.locator,
        usage.printed_text,
        case found.kind when 'zero_for_unknown' then 'not known' else usage.printed_text end as reading,
        found.rule,
        found.note,
        usage.source_cell_id
    from found
    inner join usage
        on found.service_usage_id = usage.service_usage_id
)

select * from final
