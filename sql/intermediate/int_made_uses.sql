-- Where the credentials and principals that what was reached brought into being were used since. Grain: reset_id, thing_id,
-- source_ip, principal_id. To $until, which for a hunt is the end of the logs and not of its window.
with
    by_credential as (
        select made.reset_id, made.thing_id, made.made_at, lower(made.credential_id) as use_key
        from int_made_identities as made
        where made.credential_id is not null
    ),

    by_principal as (
        select made.reset_id, made.thing_id, made.made_at, unnest([made.principal_id, made.principal_name]) as use_key
        from int_made_identities as made
        where made.credential_id is null
    ),

    used as (
        select
            by_credential.*, events.occurred_at, events.source_ip, events.asn, events.principal_id, events.source, events.event_id
        from events
        inner join by_credential on lower(events.credential_id) = by_credential.use_key
        where events.outcome <> 'failure' and events.occurred_at >= $since and events.occurred_at < $until
        union all by name
        select
            by_principal.*, events.occurred_at, events.source_ip, events.asn, events.principal_id, events.source, events.event_id
        from events
        inner join by_principal on lower(events.principal_id) = by_principal.use_key
        where events.outcome <> 'failure' and events.occurred_at >= $since and events.occurred_at < $until
        union all by name
        -- a user of AWS is made under his name and acts under his id
        select
            by_principal.*, events.occurred_at, events.source_ip, events.asn, events.principal_id, events.source, events.event_id
        from events
        inner join by_principal on lower(events.principal_name) = by_principal.use_key
        where
            events.provider = 'aws'
            and events.principal_kind = 'user'
            and events.outcome <> 'failure'
            and events.occurred_at >= $since
            and events.occurred_at < $until
    )

select
    used.reset_id,
    used.thing_id,
    used.source_ip,
    used.principal_id,
    min(used.asn) as asn,
    min(used.occurred_at) as first_used_at,
    max(used.occurred_at) as last_used_at,
    min(struct_pack(at := used.occurred_at, source := used.source, event_id := used.event_id)).event_id as first_event_id,
    count(distinct struct_pack(source := used.source, event_id := used.event_id)) as use_count
from used
where used.occurred_at >= used.made_at
group by all
