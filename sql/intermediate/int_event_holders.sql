-- Who or what held the power behind each event: a session or a credential. Grain: event of the span.
-- attribution: `exact` by an id in the record; `address` by the principal and the address of the latest session that used
-- both within a day before; `principal` when the log names the principal only.
with
    names as (
        select
            events.principal_id,
            arg_max(events.principal_name, struct_pack(at := events.occurred_at, name := events.principal_name)) as principal_name
        from events
        where
            starts_with(events.source, 'entra_signin')
            and events.principal_id is not null
            and events.principal_name is not null
            and events.occurred_at >= $since
            and events.occurred_at < $until
        group by events.principal_id
    ),

    named as (
        select
            events.source,
            events.tenant_id,
            events.event_id,
            events.occurred_at,
            events.provider,
            events.principal_id,
            coalesce(events.principal_name, names.principal_name) as principal_name,
            events.principal_kind,
            events.source_ip,
            networks.network_id,
            events.user_agent,
            events.service,
            events.action,
            events.outcome,
            events.error_code,
            events.is_read_only,
            events.target_id,
            events.target_name,
            events.target_kind,
            events.target_tenant_id,
            events.bytes_out,
            events.credential_id,
            events.credential_kind,
            events.session_started_at,
            events.is_mfa,
            events.token_id,
            events.issuer_id,
            events.app_id,
            events.device_id,
            events.issued_credential_id,
            events.issued_session_id,
            coalesce(
                identities.person_id,
                case
                    when contains(events.principal_name, '@') and events.principal_kind in ('user', 'role', 'federated')
                    then lower(events.principal_name)
                end,
                case
                    when events.source = 'aws_cloudtrail' and events.principal_kind = 'user' and events.principal_name is not null
                    then 'arn:aws:iam::' || events.principal_tenant_id || ':user/' || lower(events.principal_name)
                    when events.source = 'aws_cloudtrail' and events.principal_kind = 'root'
                    then 'arn:aws:iam::' || events.principal_tenant_id || ':root'
                end
            ) as person_id,
            case
                when events.credential_kind = 'console_session'
                then 'aws-session:' || events.session_id
                when events.credential_kind = 'temporary_key'
                then 'aws-key:' || events.credential_id
                when events.credential_kind = 'access_key'
                then 'aws-key:' || events.credential_id || '@' || coalesce(networks.network_id, 'aws')
                when starts_with(events.source, 'entra_signin') and events.credential_id is not null
                then 'sp-credential:' || events.credential_id || '@' || coalesce(networks.network_id, 'unknown')
                when starts_with(events.source, 'entra_signin') and events.session_id is not null
                then 'entra-session:' || events.session_id
                when events.source = 'okta_system' and events.credential_kind = 'api_token'
                then 'okta-token:' || events.credential_id || '@' || coalesce(networks.network_id, 'unknown')
                when events.source = 'okta_system' and events.session_id is not null
                then 'okta-session:' || events.session_id
                -- the session of the sign-in, as Graph and Exchange write it
                when events.source in ('graph_activity', 'm365_audit') and events.session_id is not null
                then 'entra-session:' || events.session_id
                when events.credential_kind in ('account_key', 'sas')
                then
                    'storage-key:'
                    || coalesce(events.target_name, '')
                    || '/'
                    || events.credential_id
                    || '@'
                    || coalesce(events.source_ip, 'unknown')
            end as exact_thing_id
        from events
        left join int_networks as networks on events.source_ip = networks.source_ip
        left join names on events.principal_id = names.principal_id
        left join int_identities as identities on lower(events.principal_id) = identities.alias
        where events.occurred_at >= $since and events.occurred_at < $until
    ),

    spans as (
        select
            named.principal_id,
            named.source_ip,
            named.exact_thing_id as thing_id,
            min(named.occurred_at) as first_used_at,
            max(named.occurred_at) as last_used_at
        from named
        where
            named.exact_thing_id is not null
            and named.principal_id is not null
            and named.source_ip is not null
            and named.outcome = 'success'
        group by all
    ),

    by_token as (
        select named.token_id, min(named.exact_thing_id) as thing_id
        from named
        where starts_with(named.source, 'entra_signin') and named.token_id is not null and named.exact_thing_id is not null
        group by named.token_id
    ),

    asked as (
        select distinct named.principal_id, named.source_ip, named.occurred_at
        from named
        where named.exact_thing_id is null and named.principal_id is not null and named.source_ip is not null
    ),

    by_address as (
        select
            asked.principal_id,
            asked.source_ip,
            asked.occurred_at,
            arg_max(spans.thing_id, struct_pack(first_used_at := spans.first_used_at, thing_id := spans.thing_id)) as thing_id
        from asked
        inner join
            spans
            on asked.principal_id = spans.principal_id
            and asked.source_ip = spans.source_ip
            and spans.first_used_at <= asked.occurred_at
            and spans.last_used_at >= asked.occurred_at - interval 1 day
        group by all
    )

select
    named.* exclude (exact_thing_id),
    coalesce(
        named.exact_thing_id,
        by_token.thing_id,
        by_address.thing_id,
        case
            when named.provider = 'aws'
            then 'aws-principal:' || named.principal_id
            when named.provider = 'okta'
            then 'okta-user:' || named.principal_id
            when named.principal_kind = 'user'
            then 'entra-user:' || named.principal_id
            else 'entra-sp:' || named.principal_id
        end
    ) as thing_id,
    case
        when coalesce(named.exact_thing_id, by_token.thing_id) is not null
        then 'exact'
        when by_address.thing_id is not null
        then 'address'
        when named.principal_id is not null
        then 'principal'
    end as attribution,
    case
        when coalesce(named.exact_thing_id, by_token.thing_id) is not null
        then 1.0
        when by_address.thing_id is not null
        then 0.9
        when named.principal_id is not null
        then 0.5
    end::double as confidence
from named
left join by_token on named.token_id = by_token.token_id and not starts_with(named.source, 'entra_signin')
left join
    by_address
    on named.exact_thing_id is null
    and named.principal_id = by_address.principal_id
    and named.source_ip = by_address.source_ip
    and named.occurred_at = by_address.occurred_at
