-- The names that several parts of the index say, each once with the first event that says so: the columns of kept_names.
-- Grain: the columns that are not null, but for the event.
with
    named as (
        select
            part_names.* exclude (occurred_at, event_id),
            min(struct_pack(occurred_at := part_names.occurred_at, event_id := part_names.event_id)) as first_event
        from part_names
        group by all
    )

select named.* exclude (first_event), named.first_event.occurred_at as occurred_at, named.first_event.event_id as event_id
from named
