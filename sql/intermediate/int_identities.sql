-- Which person an alias belongs to, and the event that says so. Grain: alias (lower case).
-- An e-mail address or UPN is the hub; ids hang on it where one record names both. IAM users without an address in
-- their name stay persons of their own: nothing in a log ties them to anyone.
with
    pairs as (
        select
            lower(events.principal_id) as alias,
            lower(events.principal_name) as name,
            events.provider,
            events.occurred_at,
            events.event_id
        from events
        where
            contains(events.principal_name, '@')
            and events.principal_id is not null
            and events.principal_kind in ('user', 'role', 'federated')
            and events.occurred_at >= $since
            and events.occurred_at < $until
        union all by name
        select
            lower(events.target_id) as alias,
            lower(events.target_name) as name,
            events.provider,
            events.occurred_at,
            events.event_id
        from events
        where
            events.target_kind = 'user'
            and contains(events.target_name, '@')
            and events.target_id is not null
            and events.occurred_at >= $since
            and events.occurred_at < $until
        union all by name
        select
            lower(events.principal_id) as alias,
            case
                when contains(events.principal_name, '@')
                then lower(events.principal_name)
                else 'arn:aws:iam::' || events.principal_tenant_id || ':user/' || lower(events.principal_name)
            end as name,
            events.provider,
            events.occurred_at,
            events.event_id
        from events
        where
            events.source = 'aws_cloudtrail'
            and events.principal_kind = 'user'
            and starts_with(events.principal_id, 'AIDA')
            and events.principal_name is not null
            and events.occurred_at >= $since
            and events.occurred_at < $until
        union all by name
        -- Identity Center names its user beside the session; a session name that anybody may choose binds no id
        select
            lower(events.raw ->> '$.userIdentity.onBehalfOf.userId') as alias,
            lower(events.principal_name) as name,
            events.provider,
            events.occurred_at,
            events.event_id
        from events
        where
            events.source = 'aws_cloudtrail'
            and events.principal_kind = 'role'
            and contains(events.principal_name, '@')
            and contains(events.issuer_id, '/AWSReservedSSO_')
            and contains(events.raw, '"onBehalfOf"')
            and events.occurred_at >= $since
            and events.occurred_at < $until
    ),

    evidence as (
        select
            pairs.alias,
            pairs.name,
            min(pairs.provider) as provider,
            arg_min(pairs.event_id, pairs.occurred_at) as evidence_event_id
        from pairs
        -- the directory writes this id for users that it does not know: it is nobody's
        where pairs.alias is not null and pairs.alias not in ('', '00000000-0000-0000-0000-000000000000')
        group by pairs.alias, pairs.name
    ),

    -- one id with two names (a renamed person) makes one hub of both
    hubs as (select evidence.alias, min(evidence.name) as hub from evidence group by evidence.alias),

    names as (
        select evidence.name, min(hubs.hub) as person_id from evidence inner join hubs using (alias) group by evidence.name
    ),

    aliases as (
        select
            hubs.alias,
            names.person_id,
            'id' as alias_kind,
            min(evidence.provider) as provider,
            min(evidence.evidence_event_id) as evidence_event_id
        from hubs
        inner join names on hubs.hub = names.name
        inner join evidence on hubs.alias = evidence.alias
        group by hubs.alias, names.person_id
        union all by name
        select
            names.name as alias,
            names.person_id,
            'name' as alias_kind,
            min(evidence.provider) as provider,
            min(evidence.evidence_event_id) as evidence_event_id
        from names
        inner join evidence on names.name = evidence.name
        group by names.name, names.person_id
    )

select
    aliases.alias,
    min(aliases.person_id) as person_id,
    min(aliases.alias_kind) as alias_kind,
    min(aliases.provider) as provider,
    min(aliases.evidence_event_id) as evidence_event_id
from aliases
group by aliases.alias
