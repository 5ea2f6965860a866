-- The gathered events with their records, as `events` has them. Grain: event.
select gathered.* exclude (holder_key, is_person, raw), coalesce(gathered.raw, records.raw) as raw
from gathered
left join
    missing_records as records
    on gathered.source = records.source
    and gathered.event_id = records.event_id
    and gathered.event_key is not distinct from records.event_key
