-- Where the rounds of reach begin. Grain: reset_id, edge_id.
select
    seeds.reset_id,
    'seed:' || seeds.thing_id as edge_id,
    seeds.thing_id,
    cast(null as varchar) as from_thing_id,
    seeds.kind,
    seeds.seed,
    seeds.first_reached_at as reached_at,
    0 as depth,
    seeds.confidence,
    [seeds.event_id] as path,
    [seeds.why] as route,
    seeds.why
from int_reach_seeds as seeds
