-- Entra sign-ins of every category, from a diagnostic-settings export or a Log Analytics row, as events. Grain: one landed
-- record. `TenantId` of a Log Analytics row is the workspace, never the tenant.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "resultType": "VARCHAR",
                    "callerIpAddress": "VARCHAR", "location": "VARCHAR",
                    "properties": {
                        "id": "VARCHAR", "createdDateTime": "VARCHAR", "userId": "VARCHAR", "userPrincipalName": "VARCHAR",
                        "servicePrincipalId": "VARCHAR", "servicePrincipalName": "VARCHAR", "servicePrincipalCredentialKeyId": "VARCHAR",
                        "appId": "VARCHAR", "resourceId": "VARCHAR", "resourceDisplayName": "VARCHAR", "resourceTenantId": "VARCHAR",
                        "homeTenantId": "VARCHAR", "ipAddress": "VARCHAR", "userAgent": "VARCHAR", "sessionId": "VARCHAR",
                        "uniqueTokenIdentifier": "VARCHAR", "autonomousSystemNumber": "BIGINT", "authenticationRequirement": "VARCHAR",
                        "federatedCredentialId": "VARCHAR", "servicePrincipalCredentialThumbprint": "VARCHAR", "appDisplayName": "VARCHAR", "status": "JSON", "deviceDetail": "JSON", "location": "JSON"
                    }
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "AADTenantId": "VARCHAR", "OperationName": "VARCHAR", "ResultType": "VARCHAR",
                    "Id": "VARCHAR", "CreatedDateTime": "VARCHAR", "UserId": "VARCHAR", "UserPrincipalName": "VARCHAR",
                    "ServicePrincipalId": "VARCHAR", "ServicePrincipalName": "VARCHAR", "ServicePrincipalCredentialKeyId": "VARCHAR",
                    "AppId": "VARCHAR", "ResourceIdentity": "VARCHAR", "ResourceDisplayName": "VARCHAR", "ResourceTenantId": "VARCHAR",
                    "HomeTenantId": "VARCHAR", "IPAddress": "VARCHAR", "UserAgent": "VARCHAR", "SessionId": "VARCHAR",
                    "UniqueTokenIdentifier": "VARCHAR", "AutonomousSystemNumber": "VARCHAR", "AuthenticationRequirement": "VARCHAR",
                    "FederatedCredentialId": "VARCHAR", "ServicePrincipalCredentialThumbprint": "VARCHAR", "AppDisplayName": "VARCHAR", "Status": "JSON", "DeviceDetail": "JSON", "LocationDetails": "JSON", "Location": "VARCHAR"
                }'
            ) as la
        from landed
        where starts_with(landed.source, 'entra_signin')
    ),

    statuses as (
        select
            parsed.*,
            e.properties as p,
            coalesce(nullif(e.resultType, ''), nullif(la.ResultType, '')) as result_type,
            -- an object, or its text, or no more than the word Success
            coalesce(unwrapped(e.properties.status), unwrapped(la.Status)) ->> '$.errorCode' as status_code,
            coalesce(e.properties.status, la.Status) ->> '$' as status_text
        from parsed
    ),

    shaped as (
        select
            statuses.*,
            lower(
                coalesce(
                    case when regexp_full_match(result_type, '-?\d+') then result_type end, status_code, result_type, status_text
                )
            ) as result,
            lower(coalesce(nullif(p.servicePrincipalId, ''), nullif(la.ServicePrincipalId, ''))) as service_principal_id,
            lower(coalesce(nullif(p.userId, ''), nullif(la.UserId, ''))) as user_id,
            -- an id of zeros stands for none
            lower(
                nullif(
                    coalesce(nullif(p.servicePrincipalCredentialKeyId, ''), la.ServicePrincipalCredentialKeyId, ''),
                    '00000000-0000-0000-0000-000000000000'
                )
            ) as key_id,
            lower(
                nullif(
                    coalesce(nullif(p.federatedCredentialId, ''), la.FederatedCredentialId, ''),
                    '00000000-0000-0000-0000-000000000000'
                )
            ) as federated_credential_id,
            lower(
                coalesce(nullif(p.servicePrincipalCredentialThumbprint, ''), la.ServicePrincipalCredentialThumbprint)
            ) as thumbprint,
            case
                when source = 'entra_signin_service_principal'
                then 'service_principal'
                when source = 'entra_signin_managed_identity'
                then 'managed_identity'
                else 'user'
            end as kind
        from statuses
    )

select
    coalesce(nullif(p.id, ''), nullif(la.Id, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    coalesce(utc(p.createdDateTime), utc(la.CreatedDateTime), utc(e.time), utc(la.TimeGenerated)) as occurred_at,
    coalesce(utc(e.time), utc(la.TimeGenerated)) as received_at,
    'azure' as provider,
    lower(
        coalesce(
            nullif(e.tenantId, ''),
            nullif(la.AADTenantId, ''),
            nullif(p.resourceTenantId, ''),
            nullif(la.ResourceTenantId, ''),
            nullif(regexp_extract(lower(e.resourceId), '^/tenants/([^/]+)', 1), '')
        )
    ) as tenant_id,
    null::varchar as region,
    coalesce(nullif(p.resourceDisplayName, ''), nullif(la.ResourceDisplayName, '')) as service,
    coalesce(operation(e.operationName), operation(la.OperationName), 'Sign-in activity') as action,
    case
        when result in ('0', 'success', 'succeeded')
        then 'success'
        when regexp_full_match(result, '-?\d+') or result in ('failure', 'failed', 'error', 'interrupted', 'timeout')
        then 'failure'
        else 'unknown'
    end as outcome,
    case
        when regexp_full_match(result, '-?\d+')
        then nullif(result, '0')
        when result in ('failure', 'failed', 'error', 'interrupted', 'timeout')
        then result
    end as error_code,
    false as is_read_only,
    case when kind = 'user' then coalesce(user_id, service_principal_id) else service_principal_id end as principal_id,
    case
        when kind = 'user'
        then coalesce(nullif(p.userPrincipalName, ''), nullif(la.UserPrincipalName, ''))
        else
            coalesce(
                nullif(p.servicePrincipalName, ''),
                nullif(la.ServicePrincipalName, ''),
                nullif(p.appDisplayName, ''),
                nullif(la.AppDisplayName, '')
            )
    end as principal_name,
    kind as principal_kind,
    lower(coalesce(nullif(p.homeTenantId, ''), nullif(la.HomeTenantId, ''))) as principal_tenant_id,
    coalesce(nullif(key_id, ''), nullif(federated_credential_id, ''), nullif(thumbprint, '')) as credential_id,
    case
        when nullif(key_id, '') is not null
        then 'service_principal_key'
        when nullif(federated_credential_id, '') is not null
        then 'federated_credential'
        when nullif(thumbprint, '') is not null
        then 'certificate'
    end as credential_kind,
    coalesce(nullif(p.sessionId, ''), nullif(la.SessionId, '')) as session_id,
    null::timestamp as session_started_at,
    -- other logs write the same identifier with or without its padding
    nullif(rtrim(coalesce(nullif(p.uniqueTokenIdentifier, ''), la.UniqueTokenIdentifier), '='), '') as token_id,
    -- the portal writes Multifactor authentication
    lower(replace(coalesce(nullif(p.authenticationRequirement, ''), nullif(la.AuthenticationRequirement, '')), ' ', ''))
    = 'multifactorauthentication' as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(coalesce(nullif(p.appId, ''), nullif(la.AppId, ''))) as app_id,
    nullif(coalesce(unwrapped(p.deviceDetail) ->> '$.deviceId', unwrapped(la.DeviceDetail) ->> '$.deviceId'), '') as device_id,
    coalesce(address(p.ipAddress), address(la.IPAddress), address(e.callerIpAddress)) as source_ip,
    coalesce(nullif(p.userAgent, ''), nullif(la.UserAgent, '')) as user_agent,
    coalesce(
        nullif(unwrapped(p.location) ->> '$.countryOrRegion', ''),
        nullif(unwrapped(la.LocationDetails) ->> '$.countryOrRegion', ''),
        -- a country alone, or the object in its place
        upper(
            list_filter([p.location ->> '$', e.location, la.Location], lambda place:regexp_full_match(place, '[A-Za-z]{2}'))[1]
        ),
        try_cast(list_filter([e.location, la.Location], lambda place:starts_with(place, '{'))[1] as json) ->> '$.countryOrRegion'
    ) as country,
    coalesce(p.autonomousSystemNumber, try_cast(la.AutonomousSystemNumber as bigint)) as asn,
    lower(coalesce(nullif(p.resourceId, ''), nullif(la.ResourceIdentity, ''))) as target_id,
    coalesce(nullif(p.resourceDisplayName, ''), nullif(la.ResourceDisplayName, '')) as target_name,
    'application' as target_kind,
    lower(coalesce(nullif(p.resourceTenantId, ''), nullif(la.ResourceTenantId, ''))) as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
