-- What the lake holds of each source and tenant: span, hours with events, the longest silence between two of them, how late
-- events arrive. Grain: source, tenant_id.
with
    hours as (
        select events.source, events.tenant_id, date_trunc('hour', events.occurred_at) as hour, count(*) as event_count
        from events
        group by all
    ),

    silences as (
        select
            hours.*,
            date_diff(
                'hour', lag(hours.hour) over (partition by hours.source, hours.tenant_id order by hours.hour), hours.hour
            ) as hours_since_last
        from hours
    ),

    lags as (
        select
            events.source,
            events.tenant_id,
            min(events.occurred_at) as first_at,
            max(events.occurred_at) as last_at,
            count(*) filter (events.target_kind = 'object') as object_event_count,
            count(*) filter (
                events.source = 'aws_cloudtrail' and events.target_kind = 'object' and events.service = 's3.amazonaws.com'
            ) as s3_object_event_count,
            median(date_diff('second', events.occurred_at, events.received_at)) filter (
                events.received_at is not null
            ) as median_lag_seconds
        from events
        group by all
    )

select
    silences.source,
    silences.tenant_id,
    sum(silences.event_count)::bigint as event_count,
    any_value(lags.first_at) as first_at,
    any_value(lags.last_at) as last_at,
    count(*) as hour_count,
    coalesce(max(silences.hours_since_last) - 1, 0) as longest_silence_hours,
    any_value(lags.s3_object_event_count) as s3_object_event_count,
    any_value(lags.median_lag_seconds) as median_lag_seconds
from silences
inner join lags on silences.source = lags.source and silences.tenant_id is not distinct from lags.tenant_id
group by silences.source, silences.tenant_id
order by silences.source, silences.tenant_id
