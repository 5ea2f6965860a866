-- The events of a lake by who acted, without the record except where the act gives power or resets somebody: an index for
-- hunts. Grain: event. Sorted, so that the events of one principal lie together.
select
    coalesce(events.principal_id, events.principal_name, events.credential_id, '') as holder_key,
    events.* exclude (received_at, ingested_at, batch_id, source_file, source_row, raw),
    case when acting_actions.action is not null then events.raw end as raw
from events
left join acting_actions on events.source = acting_actions.source and lower(events.action) = acting_actions.action
order by holder_key, events.occurred_at, events.source, events.event_id
