-- A device that was registered, and the sessions that sign in with it: its primary refresh token outlives the password and
-- the next reset. Grain: from_thing_id, to_thing_id.
with
    registered as (
        select distinct given.to_thing_id, lower(split_part(given.to_thing_id, ':', 2)) as device_id
        from int_given_things as given
        where given.gives = 'device'
    )

select
    min(holders.occurred_at) as occurred_at,
    registered.to_thing_id as from_thing_id,
    holders.thing_id as to_thing_id,
    'sign_in_session' as to_kind,
    'opens_session' as kind,
    0.95::double as confidence,
    arg_min(holders.source, struct_pack(at := holders.occurred_at, event_id := holders.event_id)) as source,
    arg_min(holders.tenant_id, struct_pack(at := holders.occurred_at, event_id := holders.event_id)) as tenant_id,
    arg_min(holders.event_id, struct_pack(at := holders.occurred_at, event_id := holders.event_id)) as event_id,
    max(coalesce(holders.principal_name, holders.principal_id)) || ' signed in from the device that was registered' as why
from registered
inner join
    int_event_holders as holders
    on registered.device_id = lower(holders.device_id)
    and holders.source in ('entra_signin', 'entra_signin_noninteractive')
    and holders.outcome = 'success'
where starts_with(holders.thing_id, 'entra-session:')
group by registered.to_thing_id, holders.thing_id
