-- What can be followed from each reset, forward in time. Grain: reset_id, thing_id.
-- first_reached_at is the earliest way in; path (event ids), route (the same in words), depth, seed and confidence are
-- those of the best.
select
    steps.reset_id,
    steps.thing_id,
    min(steps.kind) as kind,
    arg_max(
        coalesce(steps.from_thing_id, ''),
        struct_pack(confidence := steps.confidence, depth := - steps.depth, edge_id := steps.edge_id)
    ) as from_thing_id,
    arg_max(steps.seed, struct_pack(confidence := steps.confidence, depth := - steps.depth, edge_id := steps.edge_id)) as seed,
    min(steps.reached_at) as first_reached_at,
    arg_max(steps.depth, struct_pack(confidence := steps.confidence, depth := - steps.depth, edge_id := steps.edge_id)) as depth,
    max(steps.confidence) as confidence,
    arg_max(steps.path, struct_pack(confidence := steps.confidence, depth := - steps.depth, edge_id := steps.edge_id)) as path,
    array_to_string(
        arg_max(steps.route, struct_pack(confidence := steps.confidence, depth := - steps.depth, edge_id := steps.edge_id)), ' → '
    ) as route,
    arg_max(steps.why, struct_pack(confidence := steps.confidence, depth := - steps.depth, edge_id := steps.edge_id)) as why
from int_reach_steps as steps
group by steps.reset_id, steps.thing_id
