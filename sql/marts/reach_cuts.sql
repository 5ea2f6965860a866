-- Where a path was not followed further, and why. Grain: reset_id, thing_id, kind.
select
    reach.reset_id,
    reach.thing_id,
    wide.kind,
    wide.thing_count,
    'more than '
    || $max_fan_out::integer
    || ' things come of it in the window, which is shared automation rather than one hand' as why
from reach
inner join int_wide_things as wide on reach.reset_id = wide.reset_id and reach.thing_id = wide.from_thing_id
union all by name
select
    steps.reset_id,
    steps.thing_id,
    'depth' as kind,
    null as thing_count,
    'it is ' || max(steps.depth) || ' steps away, further than is followed' as why
from int_reach_steps as steps
semi join int_trust_edges as edges on steps.thing_id = edges.from_thing_id and edges.occurred_at >= steps.reached_at
where steps.depth >= $max_depth
group by steps.reset_id, steps.thing_id
