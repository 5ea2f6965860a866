-- Secrets, parameters and storage keys that were read, and what was used next with what was in them. Grain: from_thing_id,
-- to_thing_id, kind, event.
with
    acts as (
        select * from int_event_holders where int_event_holders.outcome = 'success' and int_event_holders.thing_id is not null
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
    )

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
    case when starts_with(learned.to_thing_id, 'storage-keys:') then 'listed the keys of storage account ' else 'read secret ' end
    || coalesce(learned.target_name, learned.target_id, '') as why
from learned
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
                    when regexp_matches(lower(coalesce(learned.target_name, learned.target_id)), 'aws|access.?key|akia|iam')
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
    int_key_uses as key_uses
    on key_uses.kind = 'access_key_use'
    and key_uses.first_used_at > learned.occurred_at
    and key_uses.first_used_at <= learned.occurred_at + interval 1 day
anti join acts as issued on key_uses.credential_id = issued.issued_credential_id
where
    starts_with(learned.to_thing_id, 'secret:')
    -- at the start of the logs every use is a first one
    and key_uses.first_used_at >= $since + interval 3 days
group by all
having confidence >= 0.5
