-- What the lake holds of each source and tenant: span, hours with events, the longest silence between two of them, how long after
-- the event the vendor delivered it. Grain: source, tenant_id.
with
    hours as (
        select
            events.source,
            events.tenant_id,
            date_trunc('hour', events.occurred_at) as hour,
            min(events.occurred_at) as first_at,
            max(events.occurred_at) as last_at,
            count(*) as event_count,
            count(*) filter (
                events.source = 'aws_cloudtrail' and events.target_kind = 'object' and events.service = 's3.amazonaws.com'
            ) as s3_object_event_count
        from events
        group by all
    ),

    silences as (
        select
            hours.*,
            lag(hours.hour) over (partition by hours.source, hours.tenant_id order by hours.hour) + interval 1 hour as silent_from
        from hours
    ),

    spans as (
        select
            silences.source,
            silences.tenant_id,
            sum(silences.event_count)::bigint as event_count,
            min(silences.first_at) as first_at,
            max(silences.last_at) as last_at,
            count(*) as hour_count,
            coalesce(max(date_diff('hour', silences.silent_from, silences.hour)), 0) as longest_silence_hours,
            arg_max(silences.silent_from, date_diff('hour', silences.silent_from, silences.hour)) as longest_silence_from,
            sum(silences.s3_object_event_count)::bigint as s3_object_event_count
        from silences
        group by silences.source, silences.tenant_id
    ),

    -- by minutes, because a median of fifty million times would need them all in memory
    delays as (
        select
            events.source,
            events.tenant_id,
            date_diff('minute', events.occurred_at, events.received_at) as minutes,
            count(*) as event_count,
            sum(event_count) over (partition by events.source, events.tenant_id order by minutes) as count_up_to,
            sum(event_count) over (partition by events.source, events.tenant_id) as count_of_all
        from events
        where events.received_at is not null
        group by events.source, events.tenant_id, minutes
    )

select
    spans.*,
    min(delays.minutes) filter (delays.count_up_to >= 0.5 * delays.count_of_all) as half_within_minutes,
    min(delays.minutes) filter (delays.count_up_to >= 0.95 * delays.count_of_all) as most_within_minutes
from spans
left join delays on spans.source = delays.source and spans.tenant_id is not distinct from delays.tenant_id
group by all
order by spans.source, spans.tenant_id
