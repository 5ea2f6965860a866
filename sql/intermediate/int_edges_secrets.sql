-- Secrets and parameters that were read, and what was used next with what was in them. Grain: from_thing_id,
-- to_thing_id, kind, event.
with
    acts as (
        select * from int_event_holders where int_event_holders.outcome = 'success' and int_event_holders.thing_id is not null
    ),

    learned as (
        select acts.*, acts.target_id as secret, 'secret:' || acts.target_id as to_thing_id
        from acts
        where
            (acts.source = 'azure_key_vault' and acts.action in ('SecretGet', 'KeyGet', 'CertificateGet', 'SecretBackup'))
            or (
                acts.source = 'aws_cloudtrail'
                and acts.target_id is not null
                and acts.action in ('GetSecretValue', 'GetParameter', 'GetParametersByPath')
            )
        union all by name
        -- the names of a list are one text: none of them holds a comma
        select acts.*, unnest(string_split(acts.target_id, ',')) as secret, 'secret:' || secret as to_thing_id
        from acts
        where
            acts.source = 'aws_cloudtrail'
            and acts.target_id is not null
            and acts.action in ('BatchGetSecretValue', 'GetParameters')
    ),

    weighed as (
        select
            learned.to_thing_id,
            learned.secret,
            coalesce(case when learned.source = 'azure_key_vault' then learned.target_name end, learned.secret) as secret_name,
            key_uses.*,
            contains(lower(learned.secret), lower(key_uses.credential_id)) as is_key_named,
            length(key_uses.principal_name) > 3
            and contains(lower(learned.secret), lower(key_uses.principal_name)) as is_user_named,
            regexp_matches(lower(secret_name), 'aws|access.?key|akia|iam') as is_named_for_keys,
            coalesce(learned.source_ip = key_uses.source_ip, false) as is_same_address,
            coalesce(learned.network_id = key_uses.network_id, false) as is_same_network
        from learned
        inner join
            int_key_uses as key_uses
            on key_uses.kind = 'access_key_use'
            and key_uses.first_used_at > learned.occurred_at
            and key_uses.first_used_at <= learned.occurred_at + interval 1 day
        anti join acts as issued on key_uses.credential_id = issued.issued_credential_id
        where
            -- at the start of the logs every use is a first one
            key_uses.first_used_at >= $since + interval 3 days
    )

-- secrets and parameters read
select
    learned.occurred_at,
    learned.thing_id as from_thing_id,
    learned.to_thing_id,
    'secret' as to_kind,
    'reads_secret' as kind,
    learned.confidence,
    learned.source,
    learned.tenant_id,
    learned.event_id,
    'read secret '
    || coalesce(case when learned.source = 'azure_key_vault' then learned.target_name end, learned.secret, '') as why
from learned
union all by name
-- a secret and the access key that was in it: the key is first used from a network within a day of the read, and no log says
-- who issued it. Tied where the secret is named for the key or its user; else inferred, if the key comes from the reader's
-- network or from one new to the organisation, and the confidence says how much more speaks for it
select
    weighed.first_used_at as occurred_at,
    weighed.to_thing_id as from_thing_id,
    weighed.thing_id as to_thing_id,
    weighed.kind as to_kind,
    'reads_secret' as kind,
    max(
        case
            when weighed.is_key_named
            then 0.95
            when weighed.is_user_named
            then 0.9
            else
                0.25
                + case when weighed.is_named_for_keys then 0.25 else 0 end
                + case when weighed.is_same_address then 0.3 when weighed.is_same_network then 0.2 else 0 end
                + case when weighed.is_new_network then 0.2 else 0 end
        end
    )::double as confidence,
    weighed.first_source as source,
    weighed.tenant_id,
    weighed.first_event_id as event_id,
    case when bool_or(weighed.is_key_named or weighed.is_user_named) then '' else 'inferred: ' end
    || 'key '
    || weighed.credential_id
    || ' is first used from '
    || coalesce(weighed.network_id, 'an unknown network')
    || case
        when bool_or(weighed.is_same_address)
        then ', the address of the reader,'
        when bool_or(weighed.is_same_network)
        then ', the network of the reader,'
        else ''
    end
    || case when weighed.is_new_network then ', a network new to the organisation,' else '' end
    || ' within a day after secret '
    || min(weighed.secret_name)
    || ' was read'
    || case
        when bool_or(weighed.is_key_named)
        then ', which is named for the key'
        when bool_or(weighed.is_user_named)
        then ', which is named for ' || weighed.principal_name
        when bool_or(weighed.is_named_for_keys)
        then ', whose name says that it holds keys'
        else ''
    end as why
from weighed
where
    weighed.is_key_named or weighed.is_user_named or weighed.is_same_address or weighed.is_same_network or weighed.is_new_network
group by
    weighed.first_used_at,
    weighed.to_thing_id,
    weighed.thing_id,
    weighed.kind,
    weighed.first_source,
    weighed.tenant_id,
    weighed.first_event_id,
    weighed.credential_id,
    weighed.principal_name,
    weighed.network_id,
    weighed.is_new_network
having confidence >= 0.5
