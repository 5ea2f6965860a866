-- Code that was run on a machine or in an automation account, and what its managed identity did within a day. Grain:
-- from_thing_id, to_thing_id. The identity carries the name of its resource; that it acted at the attacker's bidding and not of
-- itself no log says, so the confidence is low.
select
    min(acts.occurred_at) as occurred_at,
    given.to_thing_id as from_thing_id,
    acts.thing_id as to_thing_id,
    'principal' as to_kind,
    'runs_code' as kind,
    0.4::double as confidence,
    arg_min(acts.source, struct_pack(at := acts.occurred_at, event_id := acts.event_id)) as source,
    arg_min(acts.tenant_id, struct_pack(at := acts.occurred_at, event_id := acts.event_id)) as tenant_id,
    arg_min(acts.event_id, struct_pack(at := acts.occurred_at, event_id := acts.event_id)) as event_id,
    'the managed identity of ' || given.resource || ' acts within a day after code was run there' as why
from int_given_things as given
inner join
    int_event_holders as acts
    on acts.principal_kind = 'managed_identity'
    and acts.outcome <> 'failure'
    and acts.thing_id is not null
    and given.resource = lower(acts.principal_name)
    and acts.occurred_at >= given.occurred_at
    and acts.occurred_at < given.occurred_at + interval 1 day
where given.gives = 'code'
group by given.to_thing_id, given.resource, acts.thing_id
