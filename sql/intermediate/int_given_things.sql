-- What each act that gives power ends in: a grant, a new principal, a password, a device, a set of keys. Grain: event,
-- to_thing_id. One act may add several keys or name several devices. An act that, read closely, gives nothing (a mailbox changed
-- without forwarding, an application updated without a credential, one's own password) makes no row.
with
    things as (
        select
            acts.*,
            coalesce(acts.tenant_id, '') || '/' || coalesce(persons.person_id, acts.subject) as place,
            coalesce(persons.person_id, acts.subject) as whom,
            case when acts.grantee_id is not null then coalesce(persons.person_id, acts.grantee_id) end as grantee,
            nullif(
                regexp_extract(
                    acts.target_id,
                    '/(?:virtualmachines|virtualmachinescalesets|automationaccounts|managedclusters|storageaccounts|disks|snapshots|sites|accounts|registries|databaseaccounts|namespaces|redis|workspaces|vaults|userassignedidentities)/([^/]+)',
                    1
                ),
                ''
            ) as resource,
            -- to the minute: two services write of one reset
            strftime(acts.occurred_at, '%Y-%m-%dT%H:%MZ') as acted_at,
            coalesce(sessions.person_id = persons.person_id, false) as is_own
        from int_granting_acts as acts
        left join int_sessions as sessions on acts.thing_id = sessions.thing_id
        left join
            int_identities as persons
            on lower(coalesce(acts.grantee_id, acts.target_id)) = persons.alias
            and acts.gives <> 'application'
    ),

    ended as (
        select
            things.*,
            case
                things.gives
                when 'grant'
                then
                    [
                        case
                            when contains(things.action, 'ELEVATEACCESS')
                            then 'grant:' || coalesce(things.tenant_id, '') || '/every subscription'
                            when things.source = 'azure_activity'
                            then
                                'grant:'
                                || coalesce(things.tenant_id, '')
                                || '/'
                                || coalesce(things.grantee, things.resource, things.subject)
                            else
                                'grant:'
                                || coalesce(things.tenant_id, '')
                                || '/'
                                || things.subject
                                || coalesce('/' || things.detail, '')
                        end
                    ]
                when 'application'
                then ['grant:' || coalesce(things.tenant_id, '') || '/' || things.subject || coalesce('/' || things.detail, '')]
                when 'vault_policy'
                then
                    case
                        when things.grantee_id is not null or things.has_access_policy
                        then
                            [
                                'grant:'
                                || coalesce(things.tenant_id, '')
                                || '/'
                                || coalesce(things.resource, things.subject)
                                || coalesce('/' || things.grantee, '')
                            ]
                    end
                when 'principal'
                then ['principal:' || coalesce(things.tenant_id, '') || '/' || things.subject]
                when 'trust'
                then ['trust:' || coalesce(things.tenant_id, '') || '/' || things.subject]
                when 'mail_path'
                then case when things.is_diverting then ['mail-path:' || things.place || coalesce('/' || things.detail, '')] end
                -- one's own password is no power over anybody else
                when 'password'
                then
                    case
                        when
                            not things.is_own
                            and lower(things.principal_id) is distinct from things.target_id
                            and not coalesce(list_contains(things.subject_ids, lower(things.principal_name)), false)
                        then ['password:' || things.whom || '/' || things.acted_at]
                    end
                when 'access_pass'
                then ['access-pass:' || things.whom || '/' || things.acted_at]
                when 'method'
                then
                    [
                        case when things.opens = 'access_pass' then 'access-pass:' else 'method:' end
                        || things.whom
                        || '/'
                        || things.acted_at
                    ]
                when 'impersonation'
                then ['impersonation:' || things.whom || '/' || things.acted_at]
                when 'device'
                then list_transform(things.device_ids, lambda id:'device:' || id)
                when 'app_key'
                then list_transform(things.key_ids, lambda id:'sp-credential:' || id)
                when 'client_secret'
                then ['client-secret:' || things.place]
                when 'federated_credential'
                then
                    case
                        when things.has_federated_credential
                        then
                            [
                                'federated-credential:'
                                || coalesce(things.tenant_id, '')
                                || '/'
                                || coalesce(things.resource, things.subject)
                                || coalesce('/' || things.issuer, '')
                            ]
                    end
                when 'storage_keys'
                then ['storage-keys:' || coalesce(things.resource, lower(things.target_name))]
                when 'storage_sas'
                then ['storage-sas:' || coalesce(things.resource, lower(things.target_name))]
                when 'service_keys'
                then ['service-keys:' || coalesce(things.tenant_id, '') || '/' || coalesce(things.resource, things.subject)]
                when 'disk_link'
                then ['disk-link:' || coalesce(things.tenant_id, '') || '/' || coalesce(things.resource, things.subject)]
                when 'disk_copy'
                then ['disk-copy:' || coalesce(things.tenant_id, '') || '/' || coalesce(things.resource, things.subject)]
                when 'code'
                then ['code:' || coalesce(things.tenant_id, '') || '/' || coalesce(things.resource, things.subject)]
            end as to_things
        from things
        where things.thing_id is not null
    )

select
    ended.* exclude (to_things, place, acted_at),
    unnest(ended.to_things) as to_thing_id,
    case
        when ended.gives = 'application' or ended.gives = 'vault_policy'
        then 'grant'
        when ended.gives = 'app_key'
        then 'service_principal_key'
        when ended.opens = 'access_pass'
        then 'access_pass'
        else ended.gives
    end as to_kind,
    case
        when ended.gives = 'vault_policy' and ended.grantee_id = ended.principal_id
        then 'gave itself access to vault ' || coalesce(ended.resource, ended.subject)
        when contains(ended.action, 'ELEVATEACCESS')
        then 'took access to every subscription of the tenant'
        when contains(ended.action, '/ROLEASSIGNMENTS/')
        then 'gave ' || coalesce(ended.grantee, 'somebody') || ' a role in subscription ' || coalesce(ended.tenant_id, '')
        when ended.gives = 'app_key'
        then 'added a secret to ' || ended.subject
        when ended.gives = 'federated_credential'
        then 'let ' || coalesce(ended.issuer, 'another issuer') || ' sign in as ' || coalesce(ended.resource, ended.subject)
        when ended.gives = 'storage_keys'
        then 'listed the keys of storage account ' || coalesce(ended.resource, ended.target_name, '')
        else
            ended.action
            || ' on '
            || coalesce(ended.resource, ended.whom)
            || coalesce(' for ' || ended.grantee, '')
            || coalesce(' (' || left(ended.detail, 200) || ')', '')
    end as why
from ended
