-- Who reset whom, for all resets of the lake, whichever are hunted. Grain: reset_id.
select
    int_resets.reset_id,
    int_resets.person_id,
    int_resets.occurred_at,
    coalesce(int_resets.performed_by_id, int_resets.performed_by) as performer
from int_resets
where int_resets.by_somebody_else
