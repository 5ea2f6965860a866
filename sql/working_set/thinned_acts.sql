-- The acts of a round without most of the past of busy automation: of each day one act of each kind that was done in one way.
-- Grain: event.
with counted as (select acts.*, count(*) over (partition by acts.holder_key) as act_count from gathered_acts as acts)

select counted.* exclude (act_count)
from counted
qualify
    counted.is_person
    or counted.act_count <= $most_acts
    or counted.occurred_at >= $window_from
    or row_number() over (
        partition by
            counted.holder_key,
            counted.occurred_at::date,
            counted.source,
            counted.credential_id,
            counted.session_id,
            counted.source_ip,
            counted.user_agent,
            counted.app_id,
            counted.service,
            counted.action,
            counted.outcome
        order by counted.occurred_at, counted.event_id
    )
    = 1
