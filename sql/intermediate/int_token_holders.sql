-- The session or key behind each token that an Entra sign-in or another log names. Grain: token_id.
-- One token id has three forms: 22 characters of base64url (the bytes of a GUID, the first three groups turned round), the
-- base64 of the GUID's text, and the GUID itself, which may be the id of the sign-in. The id as written comes first, for it
-- tells small letters from capitals; the GUID is for logs that write another form than the sign-in.
with
    sign_ins as (
        select
            events.token_id,
            lower(events.event_id) as sign_in_id,
            case
                when events.credential_id is not null
                then 'sp-credential:' || events.credential_id || '@' || coalesce(networks.network_id, 'unknown')
                else 'entra-session:' || events.session_id
            end as thing_id
        from events
        left join int_networks as networks on events.source_ip = networks.source_ip
        where
            starts_with(events.source, 'entra_signin')
            and coalesce(events.credential_id, events.session_id) is not null
            and events.occurred_at >= $since
            and events.occurred_at < $until
    ),

    as_written as (
        select sign_ins.token_id, min(sign_ins.thing_id) as thing_id
        from sign_ins
        where sign_ins.token_id is not null
        group by sign_ins.token_id
    ),

    elsewhere as (
        select distinct events.token_id
        from events
        anti join as_written on events.token_id = as_written.token_id
        where
            events.source in ('azure_activity', 'graph_activity', 'm365_audit')
            and events.token_id is not null
            and events.occurred_at >= $since
            and events.occurred_at < $until
    ),

    ids as (
        select as_written.token_id, as_written.thing_id
        from as_written
        union all by name
        select elsewhere.token_id, null as thing_id
        from elsewhere
        union all by name
        select sign_ins.sign_in_id as token_id, sign_ins.thing_id
        from sign_ins
    ),

    decoded as (
        select
            ids.token_id,
            ids.thing_id,
            case
                when regexp_full_match(ids.token_id, '[A-Za-z0-9_-]{22}')
                then
                    regexp_replace(
                        lower(hex(try(from_base64(replace(replace(ids.token_id, '-', '+'), '_', '/') || '==')))),
                        '^(..)(..)(..)(..)(..)(..)(..)(..)(.{4})(.{12})$',
                        '\4\3\2\1-\6\5-\8\7-\9-'
                    )
                    || lower(right(hex(try(from_base64(replace(replace(ids.token_id, '-', '+'), '_', '/') || '=='))), 12))
                when regexp_full_match(ids.token_id, '[A-Za-z0-9+/_-]{48}')
                then lower(try(decode(from_base64(replace(replace(ids.token_id, '-', '+'), '_', '/')))))
                else lower(ids.token_id)
            end as guid
        from ids
    )

select as_written.token_id, as_written.thing_id
from as_written
union all by name
select unknown.token_id, min(known.thing_id) as thing_id
from decoded as unknown
inner join decoded as known on unknown.guid = known.guid and known.thing_id is not null
where unknown.thing_id is null and regexp_full_match(unknown.guid, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
group by unknown.token_id
