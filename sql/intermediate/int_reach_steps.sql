-- Every way in which a reset's power gets to a thing: the seeds and, forward in time, each edge from a thing reached
-- before. Grain: reset_id, edge_id. A thing of which too much comes is not followed (int_wide_things, reach_cuts). A step keeps
-- the best path to it: an edge has one time, so the best path to an edge is
-- exact, where the best path to a thing would depend on when it is asked for.
with recursive steps(reset_id, edge_id, thing_id, from_thing_id, kind, seed, reached_at, depth, confidence, path, route, why)
using
    key(reset_id, edge_id) as (
        select
            seeds.reset_id,
            'seed:' || seeds.thing_id as edge_id,
            seeds.thing_id,
            null::varchar as from_thing_id,
            seeds.kind,
            seeds.seed,
            seeds.first_reached_at as reached_at,
            0 as depth,
            seeds.confidence,
            [seeds.event_id] as path,
            [seeds.why] as route,
            seeds.why
        from int_reach_seeds as seeds
        union
        select
            best.reset_id,
            best.edge_id,
            best.thing_id,
            best.from_thing_id,
            best.kind,
            best.seed,
            best.reached_at,
            best.depth,
            best.confidence,
            best.path,
            best.route,
            best.why
        from
            (
                select
                    steps.reset_id,
                    edges.edge_id,
                    edges.to_thing_id as thing_id,
                    steps.thing_id as from_thing_id,
                    edges.to_kind as kind,
                    steps.seed,
                    edges.occurred_at as reached_at,
                    steps.depth + 1 as depth,
                    steps.confidence * edges.confidence as confidence,
                    list_append(steps.path, edges.event_id) as path,
                    list_append(steps.route, edges.why) as route,
                    edges.why
                from steps
                inner join
                    int_trust_edges as edges on steps.thing_id = edges.from_thing_id and edges.occurred_at >= steps.reached_at
                inner join
                    int_resets as resets on steps.reset_id = resets.reset_id and edges.occurred_at < resets.occurred_at + $window
                left join
                    int_wide_things as wide
                    on steps.reset_id = wide.reset_id
                    and edges.from_thing_id = wide.from_thing_id
                    and edges.kind = wide.kind
                where steps.depth < $max_depth and wide.kind is null
                qualify
                    row_number() over (
                        partition by steps.reset_id, edges.edge_id
                        order by steps.confidence desc, steps.depth, steps.seed, steps.reached_at, steps.edge_id
                    )
                    = 1
            ) as best
        left join recurring.steps as known on best.reset_id = known.reset_id and best.edge_id = known.edge_id
        where known.edge_id is null or best.confidence > known.confidence
    )

select *
from steps
