-- A few events of each action, whole: which fields there are is asked of them. Grain: event. Which ones is decided by their
-- ids, so it does not depend on the order of coming in.
with
    ranked as (
        select
            events.source,
            events.action,
            events.event_id,
            row_number() over (partition by events.source, events.action order by hash(events.event_id), events.event_id) as place
        from events
    )

select events.*, hash(events.event_id) as sample_order
from events
semi join
    (select ranked.source, ranked.event_id from ranked where ranked.place <= 20) as chosen
    on events.source = chosen.source
    and events.event_id = chosen.event_id
