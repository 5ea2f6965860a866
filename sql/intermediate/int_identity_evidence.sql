-- What says that an alias belongs to a name: each way once, with the first event that says it. Grain: alias, name, how.
-- An e-mail address or UPN is the name; ids hang on it where one record names both. A guest goes by the address at home.
with
    callers as (
        select
            events.provider,
            events.occurred_at,
            events.source,
            events.event_id,
            case
                when contains(events.issuer_id, '/AWSReservedSSO_') and contains(events.raw, '"onBehalfOf"')
                then lower(events.raw ->> '$.userIdentity.onBehalfOf.userId')
            end as directory_user_id,
            lower(events.principal_id) as alias,
            case
                when contains(events.principal_name, '@')
                then lower(events.principal_name)
                when
                    events.source = 'aws_cloudtrail'
                    and events.principal_kind = 'user'
                    and starts_with(events.principal_id, 'AIDA')
                then 'arn:aws:iam::' || events.principal_tenant_id || ':user/' || lower(events.principal_name)
            end as logged_name,
            events.principal_kind
        from events
        where
            events.principal_name is not null
            and events.principal_kind in ('user', 'role', 'federated')
            and (contains(events.principal_name, '@') or events.source = 'aws_cloudtrail')
            and events.occurred_at >= $since
            and events.occurred_at < $until
    ),

    targets as (
        select
            events.provider,
            events.occurred_at,
            events.source,
            events.event_id,
            lower(events.target_id) as alias,
            lower(events.target_name) as logged_name
        from events
        where
            events.target_kind = 'user'
            and contains(events.target_name, '@')
            and events.occurred_at >= $since
            and events.occurred_at < $until
    ),

    pairs as (
        select
            callers.* exclude (directory_user_id, principal_kind),
            case
                when starts_with(callers.logged_name, 'arn:')
                then 'iam_user'
                when callers.provider = 'okta'
                then 'okta_user'
                when callers.principal_kind in ('role', 'federated')
                then 'role_session'
                when callers.provider = 'aws'
                then 'iam_user'
                else 'directory_user'
            end as kind,
            case
                when callers.principal_kind in ('role', 'federated')
                then 'the session bears the name'
                when starts_with(callers.logged_name, 'arn:')
                then 'one record names both'
                when callers.provider = 'aws'
                then 'the user name is an e-mail address'
                when callers.provider = 'okta'
                then 'the login is an e-mail address'
                else 'one record names both'
            end as how
        from callers
        union all by name
        -- Identity Center names its user beside the session; a session name that anybody may choose binds no id
        select
            callers.provider,
            callers.occurred_at,
            callers.source,
            callers.event_id,
            callers.directory_user_id as alias,
            callers.logged_name,
            'identity_center_user' as kind,
            'acted on behalf of the user' as how
        from callers
        where callers.directory_user_id is not null and callers.principal_kind = 'role' and contains(callers.logged_name, '@')
        union all by name
        select
            targets.*,
            case
                when targets.provider = 'okta'
                then 'okta_user'
                when targets.provider = 'aws'
                then 'iam_user'
                else 'directory_user'
            end as kind,
            'one record names both' as how
        from targets
        union all by name
        -- a guest's name holds the address at home: bob_example.org#ext#@example.com
        select
            names.provider,
            names.occurred_at,
            names.source,
            names.event_id,
            names.logged_name as alias,
            names.logged_name,
            'guest' as kind,
            'the name of a guest holds the address at home' as how
        from
            (
                select * exclude (directory_user_id, principal_kind)
                from callers
                union all by name
                select *
                from targets
            ) as names
        where contains(names.logged_name, '#ext#@')
        union all by name
        select
            'inventory' as provider,
            null as occurred_at,
            'inventory' as source,
            null as event_id,
            regexp_replace(lower(inventory.thing), '^(arn:aws[a-z-]*:iam::[0-9]+:user/).*/', '\1') as alias,
            lower(inventory.owner) as logged_name,
            lower(inventory.kind) as kind,
            'the inventory says so' as how
        from inventory
        where
            inventory.owner is not null
            and regexp_matches(
                lower(inventory.kind),
                '^(person|user|alias|login|iam[ _-]?user|okta[ _-]?user|directory[ _-]?user|identity[ _-]?center[ _-]?user)$'
            )
    )

select
    pairs.alias,
    coalesce(
        nullif(regexp_replace(regexp_extract(pairs.logged_name, '^(.+)#ext#@', 1), '_([^_]+)$', '@\1'), ''), pairs.logged_name
    ) as name,
    pairs.kind,
    pairs.how,
    min(pairs.provider) as provider,
    min(struct_pack(at := pairs.occurred_at, source := pairs.source, event_id := pairs.event_id)).event_id as evidence_event_id,
    min(pairs.occurred_at) as first_at
from pairs
where
    pairs.logged_name is not null
    -- the directory writes this id for users that it does not know: it is nobody's
    and pairs.alias not in ('', 'unknown', 'redacted', '00000000-0000-0000-0000-000000000000', 'hidden_due_to_security_reasons')
group by all
