-- Which principals have used an id: a credential, a session, a device, an application, a role; or issued it. Grain: id,
-- holder_key. `federated:`, `resource:` and `storage:` go before what is no id by itself.
with
    holders as (
        select
            coalesce(events.principal_id, events.principal_name, events.credential_id, '') as holder_key,
            events.source,
            events.principal_id,
            events.principal_name,
            events.principal_kind,
            events.credential_id,
            events.credential_kind,
            events.session_id,
            events.device_id,
            case when events.principal_kind is distinct from 'user' then events.app_id end as app_id,
            events.issuer_id,
            case
                when events.source = 'azure_storage' and events.credential_kind in ('account_key', 'sas') then events.target_name
            end as storage_account,
            case
                when events.source = 'entra_signin' and regexp_matches(events.raw, '(?i)ADFederationServices|"Federated')
                then split_part(events.principal_name, '@', 2)
            end as federated_domain
        from events
        group by all
    ),

    ids as (
        select
            holders.holder_key,
            unnest(
                [
                    holders.principal_id,
                    holders.principal_name,
                    holders.credential_id,
                    holders.session_id,
                    holders.device_id,
                    holders.app_id,
                    holders.issuer_id,
                    'storage:' || holders.storage_account,
                    'federated:' || holders.federated_domain,
                    case
                        when holders.principal_kind = 'managed_identity'
                        then 'resource:' || regexp_extract(holders.principal_name, '[^/]+$')
                    end
                ]
            ) as id
        from holders
        union all by name
        select
            coalesce(events.principal_id, events.principal_name, events.credential_id, '') as holder_key,
            unnest([events.issued_credential_id, events.issued_session_id]) as id
        from events
        where coalesce(events.issued_credential_id, events.issued_session_id) is not null
    )

select distinct lower(ids.id) as id, ids.holder_key
from ids
where ids.id <> ''
order by id, holder_key
