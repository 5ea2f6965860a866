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
            -- the user agent without its numbers: an update is no new client
            nullif(trim(regexp_replace(events.user_agent, '[0-9]+([._-][0-9]+)*', '#', 'g')), '') as client,
            events.region,
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
            -- the code is entered on one device and the session goes to another: the device named is the victim's
            events.source = 'entra_signin'
            and regexp_matches(
                events.raw, '(?i)"(authenticationProtocol|originalTransferMethod)" *: *"deviceCode'
            ) as is_device_code,
            events.token_id,
            events.issuer_id,
            events.app_id,
            events.device_id,
            events.issued_credential_id,
            events.issued_session_id,
            coalesce(
                aws_groups.person_id,
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
            aws_groups.is_inherited as is_inherited_person,
            case
                when aws_groups.thing_id is not null and events.credential_kind is distinct from 'access_key'
                then aws_groups.thing_id
                when console_logins.thing_id is not null
                then console_logins.thing_id
                -- who is vouched for has nothing yet but what he is given
                when
                    events.action in ('AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'CreateSession')
                    and events.source = 'aws_cloudtrail'
                    and events.credential_id is null
                    and events.session_id is null
                    and events.issued_credential_id is not null
                then coalesce(issued_groups.thing_id, 'aws-key:' || events.issued_credential_id)
                -- another account's caller is named by his account, and nobody by what he was let into
                when
                    events.source = 'aws_cloudtrail'
                    and events.principal_kind = 'anonymous'
                    and events.target_kind in ('bucket', 'object')
                then 'aws-anyone:' || events.tenant_id || '/' || split_part(events.target_id, '/', 1)
                when
                    events.source = 'aws_cloudtrail'
                    and events.credential_id is null
                    and events.session_id is null
                    and regexp_full_match(events.principal_tenant_id, '\d{12}')
                    and aws_accounts.account_id is null
                then 'aws-account:' || events.principal_tenant_id
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
        left join
            int_aws_groups as aws_groups
            on events.source = 'aws_cloudtrail'
            and case
                when events.credential_kind in ('temporary_key', 'access_key')
                then 'aws-key:' || events.credential_id
                else 'aws-session:' || events.session_id
            end
            = aws_groups.group_id
        left join
            int_aws_groups as issued_groups
            on events.source = 'aws_cloudtrail'
            and 'aws-key:' || events.issued_credential_id = issued_groups.group_id
        left join
            int_aws_console_logins as console_logins
            on events.source = 'aws_cloudtrail'
            and events.event_id = console_logins.event_id
            and events.occurred_at = console_logins.occurred_at
            and events.tenant_id is not distinct from console_logins.tenant_id
        left join
            int_aws_accounts as aws_accounts
            on events.source = 'aws_cloudtrail'
            and events.principal_tenant_id = aws_accounts.account_id
        where events.occurred_at >= $since and events.occurred_at < $until
    ),

    spans as (
        select
            named.principal_id,
            named.source_ip,
            named.app_id,
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

    asked as (
        select distinct named.principal_id, named.source_ip, named.app_id, named.occurred_at
        from named
        where named.exact_thing_id is null and named.principal_id is not null and named.source_ip is not null
    ),

    by_address as (
        select
            asked.principal_id,
            asked.source_ip,
            asked.app_id,
            asked.occurred_at,
            -- the session that signed in to the same application, if there is one
            arg_max(
                spans.thing_id,
                struct_pack(
                    is_same_app := coalesce(spans.app_id = asked.app_id, false),
                    first_used_at := spans.first_used_at,
                    thing_id := spans.thing_id
                )
            ) as thing_id
        from asked
        inner join
            spans
            on asked.principal_id = spans.principal_id
            and asked.source_ip = spans.source_ip
            and spans.first_used_at <= asked.occurred_at
            and spans.last_used_at >= asked.occurred_at - interval 1 day
        group by all
    ),

    -- one bearer token of a storage log is one holder, whatever addresses it came from
    by_hash as (
        select
            named.credential_id,
            arg_min(by_address.thing_id, struct_pack(at := named.occurred_at, thing_id := by_address.thing_id)) as thing_id
        from named
        inner join by_address using (principal_id, source_ip, occurred_at)
        where named.credential_kind = 'oauth_token' and named.app_id is not distinct from by_address.app_id
        group by named.credential_id
    ),

    held as not materialized(
        select
            named.* exclude (exact_thing_id),
            -- the operation of an entry of the directory's audit log: its id begins with a word and that
            case
                when named.source = 'entra_audit' then regexp_extract(named.event_id, '^[^_]+_([0-9a-f-]{36})_', 1)
            end as operation_id,
            coalesce(
                named.exact_thing_id,
                by_token.thing_id,
                case
                    when named.credential_kind = 'oauth_token'
                    then coalesce(by_hash.thing_id, 'storage-token:' || named.credential_id)
                end,
                by_address.thing_id,
                case
                    when named.provider = 'aws'
                    then 'aws-principal:' || named.principal_id
                    when named.provider = 'okta'
                    then 'okta-user:' || named.principal_id
                    when named.principal_kind = 'user'
                    then 'entra-user:' || named.principal_id
                    -- an application that runs in one place and is used from another: two holders
                    when named.principal_kind in ('service_principal', 'managed_identity')
                    then 'entra-sp:' || named.principal_id || '@' || coalesce(named.network_id, 'azure')
                    else 'entra-sp:' || named.principal_id
                end
            ) as thing_id,
            case
                when coalesce(named.exact_thing_id, by_token.thing_id) is not null
                then 'exact'
                when by_hash.thing_id is not null
                then 'address'
                when named.credential_kind = 'oauth_token'
                then 'exact'
                when by_address.thing_id is not null
                then 'address'
                when named.principal_id is not null
                then 'principal'
            end as attribution,
            case
                when coalesce(named.exact_thing_id, by_token.thing_id) is not null
                then 1.0
                when by_hash.thing_id is not null
                then 0.9
                when named.credential_kind = 'oauth_token'
                then 1.0
                when by_address.thing_id is not null
                then 0.9
                when named.principal_id is not null
                then 0.5
            end::double as confidence
        from named
        left join
            int_token_holders as by_token on named.token_id = by_token.token_id and not starts_with(named.source, 'entra_signin')
        left join by_hash on named.credential_id = by_hash.credential_id and named.credential_kind = 'oauth_token'
        left join
            by_address
            on named.exact_thing_id is null
            and named.principal_id = by_address.principal_id
            and named.source_ip = by_address.source_ip
            and named.occurred_at = by_address.occurred_at
            and named.app_id is not distinct from by_address.app_id
    ),

    -- what a service of the directory writes in its own name belongs to whoever asked for it
    operations as (
        select
            held.operation_id,
            arg_min(
                struct_pack(thing_id := held.thing_id, attribution := held.attribution, confidence := held.confidence),
                struct_pack(at := held.occurred_at, event_id := held.event_id)
            ) as asker
        from held
        where held.operation_id <> '' and held.principal_kind = 'user' and held.thing_id is not null
        group by held.operation_id
    )

select
    held.* exclude (operation_id) replace (
        coalesce(operations.asker.thing_id, held.thing_id) as thing_id,
        coalesce(operations.asker.attribution, held.attribution) as attribution,
        coalesce(operations.asker.confidence, held.confidence) as confidence
    )
from held
left join operations on held.operation_id = operations.operation_id and held.principal_kind is distinct from 'user'
