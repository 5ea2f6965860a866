-- Events of the batch whose number the lake holds already. Grain: event. Nearly always they are duplicates, and `kept` looks.
select firsts.*
from firsts
semi join (select events.event_key from events where events.occurred_at between $first_at and $last_at) as known using (event_key)
