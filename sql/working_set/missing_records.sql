-- The records of the gathered events near and in the window. Grain: event.
select window_events.source, window_events.event_id, window_events.event_key, window_events.raw
from window_events
semi join
    (
        select gathered.source, gathered.event_id, gathered.event_key
        from gathered
        where gathered.raw is null and gathered.occurred_at >= $raw_from
    ) as wanted
    on window_events.event_id = wanted.event_id
    and window_events.source = wanted.source
    and window_events.event_key is not distinct from wanted.event_key
where window_events.occurred_at >= $raw_from and window_events.occurred_at < $until
