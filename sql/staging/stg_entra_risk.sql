-- What Entra ID Protection found: risk detections and the risk state of users and service principals, from a
-- diagnostic-settings export or a Log Analytics row, as events. Grain: one landed record.
-- A detection happened when the risky activity did; a state when it was last set. Each new state of a detection (dismissed,
-- remediated) comes as a record with the same id: the state makes it an event of its own. None of them succeeds or fails.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "resourceId": "VARCHAR", "category": "VARCHAR", "operationName": "VARCHAR",
                    "callerIpAddress": "VARCHAR",
                    "properties": {
                        "id": "VARCHAR", "riskType": "VARCHAR", "riskEventType": "VARCHAR", "riskState": "VARCHAR", "source": "VARCHAR",
                        "activityDateTime": "VARCHAR", "detectedDateTime": "VARCHAR", "riskLastUpdatedDateTime": "VARCHAR",
                        "userId": "VARCHAR", "userPrincipalName": "VARCHAR", "userDisplayName": "VARCHAR", "servicePrincipalId": "VARCHAR",
                        "servicePrincipalDisplayName": "VARCHAR", "displayName": "VARCHAR", "appId": "VARCHAR", "ipAddress": "VARCHAR",
                        "homeTenantId": "VARCHAR", "initiatedBy": "VARCHAR", "location": "JSON", "additionalInfo": "JSON"
                    }
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "Type": "VARCHAR", "OperationName": "VARCHAR", "Id": "VARCHAR", "RiskEventType": "VARCHAR",
                    "RiskState": "VARCHAR", "Source": "VARCHAR", "ActivityDateTime": "VARCHAR", "DetectedDateTime": "VARCHAR",
                    "RiskLastUpdatedDateTime": "VARCHAR", "UserId": "VARCHAR", "UserPrincipalName": "VARCHAR", "UserDisplayName": "VARCHAR",
                    "ServicePrincipalId": "VARCHAR", "ServicePrincipalDisplayName": "VARCHAR", "DisplayName": "VARCHAR", "AppId": "VARCHAR",
                    "IpAddress": "VARCHAR", "Location": "JSON", "AdditionalInfo": "JSON"
                }'
            ) as la
        from landed
        where landed.source = 'entra_risk'
    ),

    named as (
        select
            parsed.*,
            e.properties as p,
            coalesce(
                nullif(e.properties.riskEventType, ''), nullif(la.RiskEventType, ''), nullif(e.properties.riskType, '')
            ) as risk_event_type,
            lower(coalesce(nullif(e.properties.riskState, ''), nullif(la.RiskState, ''))) as risk_state,
            coalesce(nullif(e.properties.id, ''), nullif(la.Id, '')) as id,
            lower(coalesce(nullif(e.properties.userId, ''), nullif(la.UserId, ''))) as user_id,
            lower(
                coalesce(nullif(e.properties.servicePrincipalId, ''), nullif(la.ServicePrincipalId, ''))
            ) as service_principal_id,
            contains(lower(coalesce(e.category, la.Type)), 'serviceprincipal') as is_service_principal,
            coalesce(
                unwrapped(e.properties.location) ->> '$.countryOrRegion', unwrapped(la.Location) ->> '$.countryOrRegion'
            ) as country,
            list_filter(
                from_json(
                    unwrapped(coalesce(e.properties.additionalInfo, la.AdditionalInfo)),
                    '[{"Key": "VARCHAR", "Value": "VARCHAR"}]'
                ),
                lambda i:i.Key = 'userAgent'
            )[1].Value as user_agent
        from parsed
    ),

    shaped as (
        select
            named.*,
            risk_event_type is not null as is_detection,
            coalesce(
                case when is_service_principal then service_principal_id else user_id end,
                -- a state has no other id than that of the one it is about
                case when risk_event_type is null then lower(id) end
            ) as subject_id,
            case
                when is_service_principal
                then
                    coalesce(
                        nullif(p.servicePrincipalDisplayName, ''),
                        nullif(la.ServicePrincipalDisplayName, ''),
                        nullif(p.displayName, ''),
                        nullif(la.DisplayName, '')
                    )
                else
                    coalesce(
                        nullif(p.userPrincipalName, ''),
                        nullif(la.UserPrincipalName, ''),
                        nullif(p.userDisplayName, ''),
                        nullif(la.UserDisplayName, '')
                    )
            end as subject_name,
            case when is_service_principal then 'service_principal' else 'user' end as subject_kind
        from named
    )

select
    coalesce(
        id || case when risk_state is null or risk_state = 'atrisk' then '' else '/' || risk_state end,
        'sha256:' || sha256(record)
    ) as event_id,
    source,
    case
        when is_detection
        then
            coalesce(
                utc(p.activityDateTime),
                utc(la.ActivityDateTime),
                utc(p.detectedDateTime),
                utc(la.DetectedDateTime),
                utc(e.time),
                utc(la.TimeGenerated)
            )
        else coalesce(utc(p.riskLastUpdatedDateTime), utc(la.RiskLastUpdatedDateTime), utc(e.time), utc(la.TimeGenerated))
    end as occurred_at,
    coalesce(utc(e.time), utc(la.TimeGenerated)) as received_at,
    'azure' as provider,
    lower(coalesce(nullif(e.tenantId, ''), nullif(regexp_extract(lower(e.resourceId), '^/tenants/([^/]+)', 1), ''))) as tenant_id,
    null::varchar as region,
    coalesce(nullif(p.source, ''), nullif(la.Source, ''), 'IdentityProtection') as service,
    case
        when is_detection
        then risk_event_type
        else
            coalesce(
                nullif(e.operationName, ''),
                nullif(la.OperationName, ''),
                case when is_service_principal then 'Risky service principal' else 'Risky user' end
            )
    end as action,
    'unknown' as outcome,
    null::varchar as error_code,
    false as is_read_only,
    -- whoever signed in under a name that is at risk; a state is set by somebody in a history only
    case when is_detection then subject_id else lower(nullif(p.initiatedBy, '')) end as principal_id,
    case when is_detection then subject_name end as principal_name,
    case when is_detection and coalesce(subject_id, subject_name) is not null then subject_kind end as principal_kind,
    case when is_detection then lower(nullif(p.homeTenantId, '')) end as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    null::varchar as token_id,
    null::boolean as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(coalesce(nullif(p.appId, ''), nullif(la.AppId, ''))) as app_id,
    null::varchar as device_id,
    coalesce(address(p.ipAddress), address(la.IpAddress), address(e.callerIpAddress)) as source_ip,
    nullif(user_agent, '') as user_agent,
    nullif(country, '') as country,
    null::bigint as asn,
    subject_id as target_id,
    subject_name as target_name,
    case when is_service_principal then 'serviceprincipal' else 'user' end as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
