-- Signals that belong to a reset: matched on an act of a reached thing, on the reset itself, or found for it by a
-- correlation; not those that wait. Grain: reset_id, detection, source, tenant_id, event_id.
with
    by_holder as (
        select
            reach.reset_id,
            signals.detection,
            signals.source,
            signals.tenant_id,
            signals.event_id,
            signals.occurred_at,
            holders.thing_id,
            holders.principal_id,
            holders.network_id,
            holders.person_id,
            holders.client,
            reach.confidence * case when holders.attribution = 'principal' then 1.0 else holders.confidence end as confidence,
            reach.depth,
            reach.seed,
            signals.why
        from signals
        inner join
            int_event_holders as holders
            on signals.source = holders.source
            and signals.event_id = holders.event_id
            and signals.tenant_id is not distinct from holders.tenant_id
        inner join reach on holders.thing_id = reach.thing_id and signals.occurred_at >= reach.first_reached_at
        inner join int_resets as resets on reach.reset_id = resets.reset_id and signals.occurred_at < resets.occurred_at + $window
        where signals.reset_id is null
    ),

    on_reset as (
        select
            resets.reset_id,
            signals.detection,
            signals.source,
            signals.tenant_id,
            signals.event_id,
            signals.occurred_at,
            null as thing_id,
            null as principal_id,
            null as network_id,
            null as person_id,
            null as client,
            1.0 as confidence,
            0 as depth,
            null as seed,
            signals.why
        from signals
        inner join
            (select int_resets.reset_id, unnest(int_resets.event_ids) as event_id from int_resets) as resets using (event_id)
        where signals.reset_id is null
    ),

    by_correlation as (
        select
            signals.reset_id,
            signals.detection,
            signals.source,
            signals.tenant_id,
            signals.event_id,
            signals.occurred_at,
            signals.thing_id,
            holders.principal_id,
            holders.network_id,
            holders.person_id,
            holders.client,
            coalesce(reach.confidence, 1.0) as confidence,
            coalesce(reach.depth, 0) as depth,
            reach.seed,
            signals.why
        from signals
        anti join
            waiting_signals as waiting
            on signals.reset_id = waiting.reset_id
            and signals.detection = waiting.detection
            and signals.source = waiting.source
            and signals.event_id = waiting.event_id
            and signals.tenant_id is not distinct from waiting.tenant_id
        left join reach on signals.reset_id = reach.reset_id and signals.thing_id = reach.thing_id
        left join
            int_event_holders as holders
            on signals.source = holders.source
            and signals.event_id = holders.event_id
            and signals.tenant_id is not distinct from holders.tenant_id
        where signals.reset_id is not null
    ),

    together as (
        select *
        from by_holder
        union all by name
        select *
        from on_reset
        union all by name
        select *
        from by_correlation
    )

select *
from together
qualify
    row_number() over (
        partition by together.reset_id, together.detection, together.source, together.tenant_id, together.event_id
        order by together.confidence desc, together.thing_id
    )
    = 1
