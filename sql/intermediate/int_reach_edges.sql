-- The trust edges that were followed from each reset, with the event that made each. Grain: reset_id, edge_id.
select
    steps.reset_id,
    edges.edge_id,
    edges.kind as edge_kind,
    edges.source,
    edges.tenant_id,
    edges.event_id,
    edges.occurred_at,
    edges.from_thing_id,
    edges.to_thing_id,
    edges.why
from int_reach_steps as steps
inner join int_trust_edges as edges using (edge_id)
