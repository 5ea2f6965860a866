-- Events that give the holder of one thing power through another thing. Grain: edge_id.
-- An edge ends in a thing that acts (a session, a key used from one network) or in one that is only known or granted
-- (`aws-key:`, `secret:`, `aws-account:` …). Uses hang on the latter by `used_from` edges, whose time is the first use: so
-- a key's old networks are not reached through somebody who learns the key today.
with
    acts as (
        select * from int_event_holders where int_event_holders.outcome = 'success' and int_event_holders.thing_id is not null
    ),

    issued as (
        select
            acts.*,
            case
                when acts.service = 'sts.amazonaws.com' or acts.action = 'GetSigninToken'
                then 'aws-key:' || acts.issued_credential_id
                when acts.source = 'aws_cloudtrail'
                then 'aws-key:' || acts.issued_credential_id
                when acts.source = 'okta_system'
                then 'okta-token:' || acts.issued_credential_id
                else 'sp-credential:' || acts.issued_credential_id
            end as to_thing_id,
            case
                when starts_with(acts.action, 'AssumeRole') or acts.action = 'AssumeRoot'
                then 'assumes_role'
                when acts.source in ('entra_audit', 'm365_audit')
                then 'adds_secret'
                else 'issues_key'
            end as edge_kind
        from acts
        where acts.issued_credential_id is not null
    ),

    learned as (
        select
            acts.*,
            case
                when acts.action = 'MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION'
                then 'storage-keys:' || lower(acts.target_name)
                else 'secret:' || acts.target_id
            end as to_thing_id
        from acts
        where
            (acts.source = 'azure_key_vault' and acts.action in ('SecretGet', 'KeyGet', 'CertificateGet', 'SecretBackup'))
            or (
                acts.source = 'aws_cloudtrail'
                and acts.target_id is not null
                and acts.action
                in ('GetSecretValue', 'BatchGetSecretValue', 'GetParameter', 'GetParameters', 'GetParametersByPath')
            )
            or acts.action = 'MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION'
    ),

    key_uses as (
        select
            sessions.*,
            split_part(sessions.thing_id, '@', 1) as known_thing_id,
            -- new: nobody here used it before the two days before this use, and the logs go back further than that
            networks.first_seen_at >= sessions.first_used_at - interval 2 days
            and sessions.first_used_at
            >= (select min(int_networks.first_seen_at) from int_networks) + interval 3 days as is_new_network
        from int_sessions as sessions
        left join int_networks as networks on sessions.source_ip = networks.source_ip
        where sessions.kind in ('access_key_use', 'service_principal_key_use', 'api_token_use')
    ),

    edges as (
        -- issued: temporary keys, access keys, secrets of service principals
        select
            issued.occurred_at,
            issued.thing_id as from_thing_id,
            issued.to_thing_id,
            case
                when issued.edge_kind = 'assumes_role'
                then 'temporary_key'
                when issued.edge_kind = 'adds_secret'
                then 'service_principal_key'
                when issued.source = 'okta_system'
                then 'api_token'
                else 'access_key'
            end as to_kind,
            issued.edge_kind as kind,
            issued.confidence,
            issued.source,
            issued.tenant_id,
            issued.event_id,
            case
                issued.edge_kind
                when 'assumes_role'
                then 'assumed ' || coalesce(issued.target_id, 'a role')
                when 'adds_secret'
                then 'added a secret to ' || coalesce(issued.target_name, issued.target_id, 'a service principal')
                else issued.action || ' issued a key' || coalesce(' for ' || issued.target_name, '')
            end as why
        from issued
        union all by name
        -- a role assumed in the console: the child is known by the role's id and its creation date only
        select
            acts.occurred_at,
            acts.thing_id as from_thing_id,
            sessions.thing_id as to_thing_id,
            sessions.kind as to_kind,
            'assumes_role' as kind,
            0.95 * acts.confidence as confidence,
            acts.source,
            acts.tenant_id,
            acts.event_id,
            'assumed ' || coalesce(acts.target_id, 'a role') as why
        from acts
        inner join
            int_sessions as sessions
            on acts.issued_session_id = sessions.principal_id
            and sessions.kind = 'console_session'
            and sessions.started_at between acts.occurred_at - interval 2 seconds and acts.occurred_at + interval 2 seconds
        union all by name
        -- a key or secret, and each network it is used from
        select
            key_uses.first_used_at as occurred_at,
            key_uses.known_thing_id as from_thing_id,
            key_uses.thing_id as to_thing_id,
            key_uses.kind as to_kind,
            'used_from' as kind,
            1.0::double as confidence,
            key_uses.first_source as source,
            key_uses.tenant_id,
            key_uses.first_event_id as event_id,
            'used from '
            || coalesce(key_uses.source_ip, 'an unknown address')
            || ' ('
            || coalesce(key_uses.network_id, 'unknown network')
            || ')' as why
        from key_uses
        union all by name
        -- secrets, parameters and storage keys read
        select
            learned.occurred_at,
            learned.thing_id as from_thing_id,
            learned.to_thing_id,
            case when starts_with(learned.to_thing_id, 'storage-keys:') then 'storage_keys' else 'secret' end as to_kind,
            case when starts_with(learned.to_thing_id, 'storage-keys:') then 'lists_key' else 'reads_secret' end as kind,
            learned.confidence,
            learned.source,
            learned.tenant_id,
            learned.event_id,
            case
                when starts_with(learned.to_thing_id, 'storage-keys:')
                then 'listed the keys of storage account '
                else 'read secret '
            end
            || coalesce(learned.target_name, learned.target_id, '') as why
        from learned
        union all by name
        select
            storage_uses.first_used_at as occurred_at,
            'storage-keys:' || lower(split_part(split_part(storage_uses.thing_id, ':', 2), '/', 1)) as from_thing_id,
            storage_uses.thing_id as to_thing_id,
            storage_uses.kind as to_kind,
            'used_from' as kind,
            0.8::double as confidence,
            storage_uses.first_source as source,
            storage_uses.tenant_id,
            storage_uses.first_event_id as event_id,
            'an account key of it used from ' || coalesce(storage_uses.source_ip, 'an unknown address') as why
        from int_sessions as storage_uses
        where storage_uses.kind = 'storage_key_use'
        union all by name
        -- a secret and the access key that was in it: the key is first used from a network within a day of the read, and no
        -- log says who issued it. Inferred, so the confidence says how much speaks for it
        select
            key_uses.first_used_at as occurred_at,
            learned.to_thing_id as from_thing_id,
            key_uses.thing_id as to_thing_id,
            key_uses.kind as to_kind,
            'reads_secret' as kind,
            max(
                case
                    when contains(lower(learned.target_id), lower(key_uses.credential_id))
                    then 0.95
                    else
                        0.25 + case
                            when
                                regexp_matches(
                                    lower(coalesce(learned.target_name, learned.target_id)), 'aws|access.?key|akia|iam'
                                )
                            then 0.25
                            else 0
                        end
                        + case
                            when learned.source_ip = key_uses.source_ip
                            then 0.3
                            when learned.network_id = key_uses.network_id
                            then 0.2
                            else 0
                        end
                        + case when key_uses.is_new_network then 0.2 else 0 end
                end
            ) as confidence,
            key_uses.first_source as source,
            key_uses.tenant_id,
            key_uses.first_event_id as event_id,
            'inferred: key '
            || key_uses.credential_id
            || ' is first used from '
            || coalesce(key_uses.network_id, 'an unknown network')
            || case when key_uses.is_new_network then ', a network new to the organisation,' else '' end
            || ' within a day after secret '
            || coalesce(learned.target_name, learned.target_id)
            || ' was read' as why
        from learned
        inner join
            key_uses
            on key_uses.kind = 'access_key_use'
            and key_uses.first_used_at > learned.occurred_at
            and key_uses.first_used_at <= learned.occurred_at + interval 1 day
        anti join issued on key_uses.credential_id = issued.issued_credential_id
        where
            starts_with(learned.to_thing_id, 'secret:')
            -- at the start of the logs every use is a first one
            and key_uses.first_used_at >= $since + interval 3 days
        group by all
        having confidence >= 0.5
        union all by name
        -- keys turned into a console session: the log ties the two by principal and time only
        select
            acts.occurred_at,
            acts.thing_id as from_thing_id,
            sessions.thing_id as to_thing_id,
            sessions.kind as to_kind,
            'signs_in' as kind,
            0.9 * acts.confidence as confidence,
            acts.source,
            acts.tenant_id,
            acts.event_id,
            'made a console sign-in token, and the same principal was in the console within 15 minutes' as why
        from acts
        inner join
            int_sessions as sessions
            on acts.principal_id = sessions.principal_id
            and acts.tenant_id = sessions.tenant_id
            and sessions.kind = 'console_session'
            and sessions.first_used_at between acts.occurred_at and acts.occurred_at + interval 15 minutes
        where acts.action = 'GetSigninToken'
        union all by name
        -- a password set for another user: the console sessions that begin with it
        select
            sessions.started_at as occurred_at,
            acts.thing_id as from_thing_id,
            sessions.thing_id as to_thing_id,
            sessions.kind as to_kind,
            'issues_login' as kind,
            0.8 * acts.confidence as confidence,
            acts.source,
            acts.tenant_id,
            acts.event_id,
            acts.action || ' set a password for ' || acts.target_name || ', who signed in' as why
        from acts
        inner join
            int_sessions as sessions
            on acts.tenant_id = sessions.tenant_id
            and lower(acts.target_name) = lower(sessions.principal_name)
            and sessions.kind = 'console_session'
            and sessions.principal_kind = 'user'
            and sessions.started_at between acts.occurred_at and acts.occurred_at + interval 7 days
        where acts.service = 'iam.amazonaws.com' and acts.action in ('CreateLoginProfile', 'UpdateLoginProfile')
        union all by name
        -- rights granted, trust widened, data shared: ends of a path that an owner must close
        select
            acts.occurred_at,
            acts.thing_id as from_thing_id,
            case
                when
                    acts.target_tenant_id is not null
                    and acts.action in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
                then 'aws-account:' || acts.target_tenant_id
                when acts.action in ('CreateUser', 'Add user', 'user.lifecycle.create')
                then 'principal:' || acts.tenant_id || '/' || coalesce(acts.target_name, acts.target_id)
                else 'grant:' || acts.tenant_id || '/' || coalesce(acts.target_name, acts.target_id, acts.event_id)
            end as to_thing_id,
            case
                when
                    acts.target_tenant_id is not null
                    and acts.action in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
                then 'foreign_account'
                when acts.action in ('CreateUser', 'Add user', 'Add service principal', 'CreateRole', 'user.lifecycle.create')
                then 'principal'
                else 'grant'
            end as to_kind,
            case
                when
                    acts.target_tenant_id is not null
                    and acts.action in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
                then 'shares'
                when acts.action in ('CreateUser', 'Add user', 'Add service principal', 'CreateRole', 'user.lifecycle.create')
                then 'creates_principal'
                else 'grants'
            end as kind,
            acts.confidence,
            acts.source,
            acts.tenant_id,
            acts.event_id,
            case
                when
                    acts.target_tenant_id is not null
                    and acts.action in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
                then 'shared ' || acts.target_id || ' with account ' || acts.target_tenant_id
                else acts.action || coalesce(' on ' || coalesce(acts.target_name, acts.target_id), '')
            end as why
        from acts
        inner join
            granting_actions on acts.source = granting_actions.source and lower(acts.action) = lower(granting_actions.action)
        where
            acts.action not in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
            or acts.target_tenant_id is not null
    )

select
    md5(
        concat_ws('|', edges.from_thing_id, edges.to_thing_id, edges.kind, edges.source, edges.tenant_id, edges.event_id)
    ) as edge_id,
    edges.occurred_at,
    edges.from_thing_id,
    edges.to_thing_id,
    edges.to_kind,
    edges.kind,
    least(edges.confidence, 1.0)::double as confidence,
    edges.source,
    edges.tenant_id,
    edges.event_id,
    edges.why
from edges
where edges.from_thing_id <> edges.to_thing_id
qualify row_number() over (partition by edge_id order by edges.confidence desc, edges.occurred_at) = 1
