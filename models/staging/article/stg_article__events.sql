with source as (
    select * from {{ source('article', 'events') }}
),

years_read as (
    select
        *,
        try_cast(regexp_extract(printed_date, '([0-9]{4})', 1) as integer) as first_year,
        try_cast(regexp_extract(printed_date, '([0-9]{4})[^0-9]*$', 1) as integer) as last_year,
        try_cast({{ parse_month('printed_date') }} as integer) as month_number,
        lower(printed_date) like 'since %' or lower(printed_date) like 'from %' as is_open
    from source
),

final as (
    select
        concat_ws('', 'sabdenov_abdrakhmanova.', event_code) as event_id,
        event_code,
        event_type,
        title_en,
        -- the interval that the printed date covers; 'since' and 'from' leave its end open
        case date_precision
            when 'day' then {{ parse_day('printed_date') }}
            when 'month' then make_date(first_year, month_number, 1)
            when 'year' then make_date(first_year, 1, 1)
        end as start_date,
        case
            when is_open then cast(null as date)
            when date_precision = 'day' then {{ parse_day('printed_date') }}
            when date_precision = 'month' then last_day(make_date(last_year, month_number, 1))
            when date_precision = 'year' then make_date(last_year, 12, 31)
        end as end_date,
        date_precision,
        {{ filled("replace(printed_number, 'No.', '')") }} as act_number,
        {{ filled('printed_address') }} as address,
        {{ filled('printed_name') }} as service_name,
        {{ filled('service_code') }} as service_code,
        {{ source_cell_id("'article/events.csv'", 'raw_row', "'printed_date'") }} as source_cell_id
    from years_read
)

select * from final
