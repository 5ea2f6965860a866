-- Entra sign-ins of every category, from a diagnostic-settings export or a Log Analytics row, as events. Grain: one landed
-- record.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "operationName": "VARCHAR", "resultType": "VARCHAR",
                    "properties": {
                        "id": "VARCHAR", "createdDateTime": "VARCHAR", "userId": "VARCHAR", "userPrincipalName": "VARCHAR",
                        "servicePrincipalId": "VARCHAR", "servicePrincipalName": "VARCHAR", "servicePrincipalCredentialKeyId": "VARCHAR",
                        "appId": "VARCHAR", "resourceId": "VARCHAR", "resourceDisplayName": "VARCHAR", "resourceTenantId": "VARCHAR",
                        "homeTenantId": "VARCHAR", "ipAddress": "VARCHAR", "userAgent": "VARCHAR", "sessionId": "VARCHAR",
                        "uniqueTokenIdentifier": "VARCHAR", "autonomousSystemNumber": "BIGINT", "authenticationRequirement": "VARCHAR",
                        "federatedCredentialId": "VARCHAR", "status": "JSON", "deviceDetail": "JSON", "location": "JSON"
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
                    "FederatedCredentialId": "VARCHAR", "DeviceDetail": "JSON", "LocationDetails": "JSON", "Location": "VARCHAR"
                }'
            ) as la
        from landed
        where landed.source in ('entra_signin', 'entra_signin_noninteractive', 'entra_signin_service_principal')
    ),

    shaped as (
        select
            parsed.*,
            e.properties as p,
            coalesce(
                nullif(e.resultType, ''), nullif(la.ResultType, ''), unwrapped(e.properties.status) ->> '$.errorCode'
            ) as result_type,
            lower(
                coalesce(nullif(e.properties.servicePrincipalId, ''), nullif(la.ServicePrincipalId, ''))
            ) as service_principal_id,
            lower(coalesce(nullif(e.properties.userId, ''), nullif(la.UserId, ''))) as user_id
        from parsed
    )

select
    coalesce(nullif(p.id, ''), nullif(la.Id, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    coalesce(utc(p.createdDateTime), utc(la.CreatedDateTime), utc(e.time), utc(la.TimeGenerated)) as occurred_at,
    coalesce(utc(e.time), utc(la.TimeGenerated)) as received_at,
    'azure' as provider,
    lower(
        coalesce(
            nullif(e.tenantId, ''), nullif(la.AADTenantId, ''), nullif(p.resourceTenantId, ''), nullif(la.ResourceTenantId, '')
        )
    ) as tenant_id,
    null::varchar as region,
    coalesce(p.resourceDisplayName, la.ResourceDisplayName) as service,
    coalesce(operation(e.operationName), operation(la.OperationName), 'Sign-in activity') as action,
    case when result_type = '0' then 'success' when result_type is not null then 'failure' else 'unknown' end as outcome,
    nullif(result_type, '0') as error_code,
    false as is_read_only,
    case
        when source = 'entra_signin_service_principal' then service_principal_id else coalesce(user_id, service_principal_id)
    end as principal_id,
    case
        when source = 'entra_signin_service_principal'
        then coalesce(nullif(p.servicePrincipalName, ''), nullif(la.ServicePrincipalName, ''))
        else coalesce(nullif(p.userPrincipalName, ''), nullif(la.UserPrincipalName, ''))
    end as principal_name,
    case when source = 'entra_signin_service_principal' then 'service_principal' else 'user' end as principal_kind,
    lower(coalesce(nullif(p.homeTenantId, ''), nullif(la.HomeTenantId, ''))) as principal_tenant_id,
    lower(
        coalesce(
            nullif(p.servicePrincipalCredentialKeyId, ''),
            nullif(la.ServicePrincipalCredentialKeyId, ''),
            nullif(p.federatedCredentialId, ''),
            nullif(la.FederatedCredentialId, '')
        )
    ) as credential_id,
    case
        when coalesce(nullif(p.servicePrincipalCredentialKeyId, ''), nullif(la.ServicePrincipalCredentialKeyId, '')) is not null
        then 'service_principal_key'
        when coalesce(nullif(p.federatedCredentialId, ''), nullif(la.FederatedCredentialId, '')) is not null
        then 'federated_credential'
    end as credential_kind,
    coalesce(nullif(p.sessionId, ''), nullif(la.SessionId, '')) as session_id,
    null::timestamp as session_started_at,
    coalesce(nullif(p.uniqueTokenIdentifier, ''), nullif(la.UniqueTokenIdentifier, '')) as token_id,
    lower(coalesce(p.authenticationRequirement, la.AuthenticationRequirement)) = 'multifactorauthentication' as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(coalesce(nullif(p.appId, ''), nullif(la.AppId, ''))) as app_id,
    nullif(coalesce(unwrapped(p.deviceDetail) ->> '$.deviceId', unwrapped(la.DeviceDetail) ->> '$.deviceId'), '') as device_id,
    coalesce(address(p.ipAddress), address(la.IPAddress)) as source_ip,
    coalesce(p.userAgent, la.UserAgent) as user_agent,
    coalesce(
        unwrapped(p.location) ->> '$.countryOrRegion',
        unwrapped(la.LocationDetails) ->> '$.countryOrRegion',
        case when length(la.Location) = 2 then la.Location end
    ) as country,
    coalesce(p.autonomousSystemNumber, try_cast(la.AutonomousSystemNumber as bigint)) as asn,
    lower(coalesce(nullif(p.resourceId, ''), nullif(la.ResourceIdentity, ''))) as target_id,
    coalesce(p.resourceDisplayName, la.ResourceDisplayName) as target_name,
    'application' as target_kind,
    lower(coalesce(nullif(p.resourceTenantId, ''), nullif(la.ResourceTenantId, ''))) as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
