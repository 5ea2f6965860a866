-- One round of int_reach_steps for engines without `using key`: the ways that begin at what was new in the round before
-- (frontier) and are better than what is known (steps_so_far). Grain: reset_id, edge_id. Run until it gives nothing.
with
    candidates as (
        select
            frontier.reset_id,
            edges.edge_id,
            edges.to_thing_id as thing_id,
            frontier.thing_id as from_thing_id,
            edges.to_kind as kind,
            frontier.seed,
            edges.occurred_at as reached_at,
            frontier.depth + 1 as depth,
            frontier.confidence * edges.confidence as confidence,
            list_append(frontier.path, edges.event_id) as path,
            list_append(frontier.route, edges.why) as route,
            edges.why
        from frontier
        inner join
            int_trust_edges as edges on frontier.thing_id = edges.from_thing_id and edges.occurred_at >= frontier.reached_at
        inner join
            int_resets as resets on frontier.reset_id = resets.reset_id and edges.occurred_at < resets.occurred_at + $window
        left join
            int_wide_things as wide
            on frontier.reset_id = wide.reset_id
            and edges.from_thing_id = wide.from_thing_id
            and edges.kind = wide.kind
        where frontier.depth < $max_depth and wide.kind is null
        qualify
            row_number() over (
                partition by frontier.reset_id, edges.edge_id
                order by frontier.confidence desc, frontier.depth, frontier.seed, frontier.reached_at, frontier.edge_id
            )
            = 1
    )

select candidates.*
from candidates
left join steps_so_far as known on candidates.reset_id = known.reset_id and candidates.edge_id = known.edge_id
where known.edge_id is null or candidates.confidence > known.confidence
