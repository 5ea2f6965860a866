-- Calls of Microsoft Graph (MicrosoftGraphActivityLogs) as events, from a diagnostic-settings export or a Log Analytics row.
-- Grain: one landed record.
-- `action` is the method and the path without version, query and ids (`GET /users/{id}/messages`), so that one operation has
-- one name; `target_id` is the whole path. The time at which the token was issued is not when the session began (one session
-- gets many tokens), so `session_started_at` is null. The keys taken from the token's claims are C_Sid, c_Sid or c_sid.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "callerIpAddress": "VARCHAR",
                    "location": "VARCHAR", "resultSignature": "VARCHAR", "correlationId": "VARCHAR",
                    "properties": {
                        "__UDI_RequiredFields_EventTime": "VARCHAR", "timeGenerated": "VARCHAR", "tenantId": "VARCHAR", "requestId": "VARCHAR",
                        "requestMethod": "VARCHAR", "requestUri": "VARCHAR", "responseStatusCode": "VARCHAR", "responseSizeBytes": "VARCHAR",
                        "signInActivityId": "VARCHAR", "appId": "VARCHAR", "userId": "VARCHAR", "servicePrincipalId": "VARCHAR",
                        "UserPrincipalObjectID": "VARCHAR", "ipAddress": "VARCHAR", "userAgent": "VARCHAR", "location": "VARCHAR"
                    }
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "AadTenantId": "VARCHAR", "RequestId": "VARCHAR", "RequestMethod": "VARCHAR", "RequestUri": "VARCHAR",
                    "ResponseStatusCode": "VARCHAR", "ResponseSizeBytes": "VARCHAR", "SignInActivityId": "VARCHAR", "UniqueTokenId": "VARCHAR",
                    "SessionId": "VARCHAR", "AppId": "VARCHAR", "UserId": "VARCHAR", "ServicePrincipalId": "VARCHAR", "DeviceId": "VARCHAR",
                    "IPAddress": "VARCHAR", "UserAgent": "VARCHAR", "Location": "VARCHAR"
                }'
            ) as la,
            json_extract_string(
                landed.record,
                [
                    '$.properties.C_Sid',
                    '$.properties.c_Sid',
                    '$.properties.c_sid',
                    '$.properties.sessionId',
                    '$.properties.C_DeviceId',
                    '$.properties.c_DeviceId',
                    '$.properties.c_deviceid',
                    '$.properties.deviceId',
                    '$.properties.C_Idtyp',
                    '$.properties.c_Idtyp',
                    '$.properties.c_idtyp'
                ]
            ) as claims
        from landed
        where landed.source = 'graph_activity'
    ),

    named as (
        select
            parsed.*,
            e.properties as p,
            upper(coalesce(nullif(e.properties.requestMethod, ''), nullif(la.RequestMethod, ''))) as request_method,
            nullif(
                regexp_extract(
                    coalesce(nullif(e.properties.requestUri, ''), la.RequestUri), '^(?:[A-Za-z]+://[^/?#]*)?([^?#]*)', 1
                ),
                ''
            ) as path,
            try_cast(
                coalesce(
                    nullif(e.properties.responseStatusCode, ''), nullif(la.ResponseStatusCode, ''), e.resultSignature
                ) as integer
            ) as status_code,
            lower(coalesce(nullif(e.properties.userId, ''), nullif(la.UserId, ''))) as user_id,
            lower(
                coalesce(nullif(e.properties.servicePrincipalId, ''), nullif(la.ServicePrincipalId, ''))
            ) as service_principal_id,
            lower(coalesce(nullif(claims[9], ''), nullif(claims[10], ''), claims[11])) as token_kind
        from parsed
    ),

    steps as (
        select
            named.*,
            string_split(
                -- root:/folder/file.docx: is one address of a file
                regexp_replace(
                    regexp_replace(replace(path, '%24', '$'), '^/(?:v\d+\.\d+|beta)(/|$)', '\1'),
                    'root:/.*?(:|$)',
                    'root:/(file)\1'
                ),
                '/'
            ) as segments
        from named
    ),

    shaped as (
        select
            steps.*,
            array_to_string(
                list_transform(
                    segments,
                    lambda s: case
                        when s = 'root:' or starts_with(s, '(file)')
                        then replace(s, '(file)', '{id}')
                        when contains(s, '(')
                        then regexp_replace(s, '\(.+\)', '({id})')
                        when
                            regexp_matches(s, '[@,!=%:]|^\d+$|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-')
                            or (contains(s, '.') and not starts_with(lower(s), 'microsoft.'))
                            -- oauth2PermissionGrants has one digit, ids have many
                            or (length(s) >= 16 and regexp_matches(s, '\d.*\d'))
                        then '{id}'
                        else s
                    end
                ),
                '/'
            ) as template
        from steps
    )

select
    coalesce(
        nullif(p.requestId, ''), nullif(la.RequestId, ''), nullif(e.correlationId, ''), 'sha256:' || sha256(record)
    ) as event_id,
    source,
    coalesce(utc(p.timeGenerated), utc(e.time), utc(la.TimeGenerated), utc(p."__UDI_RequiredFields_EventTime")) as occurred_at,
    null::timestamp as received_at,
    'azure' as provider,
    lower(
        coalesce(
            nullif(e.tenantId, ''),
            nullif(la.AadTenantId, ''),
            nullif(p.tenantId, ''),
            nullif(regexp_extract(lower(e.resourceId), '^/tenants/([^/]+)', 1), '')
        )
    ) as tenant_id,
    coalesce(nullif(p.location, ''), nullif(e.location, ''), nullif(la.Location, '')) as region,
    'Microsoft Graph' as service,
    coalesce(request_method || ' ' || coalesce(nullif(template, ''), '/'), request_method, nullif(e.operationName, '')) as action,
    case when status_code between 100 and 399 then 'success' when status_code >= 400 then 'failure' else 'unknown' end as outcome,
    case when status_code >= 400 then status_code::varchar end as error_code,
    request_method in ('GET', 'HEAD', 'OPTIONS') as is_read_only,
    coalesce(user_id, service_principal_id, lower(nullif(p.UserPrincipalObjectID, ''))) as principal_id,
    null::varchar as principal_name,
    case
        when user_id is not null or token_kind = 'user'
        then 'user'
        when service_principal_id is not null or token_kind = 'app'
        then 'service_principal'
    end as principal_kind,
    null::varchar as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    coalesce(
        nullif(claims[1], ''), nullif(claims[2], ''), nullif(claims[3], ''), nullif(claims[4], ''), nullif(la.SessionId, '')
    ) as session_id,
    null::timestamp as session_started_at,
    -- the token of the sign-in, which sign-in logs write without padding
    nullif(
        rtrim(coalesce(nullif(p.signInActivityId, ''), nullif(la.SignInActivityId, ''), la.UniqueTokenId), '='), ''
    ) as token_id,
    null::boolean as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(coalesce(nullif(p.appId, ''), nullif(la.AppId, ''))) as app_id,
    coalesce(
        nullif(claims[5], ''), nullif(claims[6], ''), nullif(claims[7], ''), nullif(claims[8], ''), nullif(la.DeviceId, '')
    ) as device_id,
    coalesce(address(p.ipAddress), address(la.IPAddress), address(e.callerIpAddress)) as source_ip,
    coalesce(nullif(p.userAgent, ''), nullif(la.UserAgent, '')) as user_agent,
    null::varchar as country,
    null::bigint as asn,
    path as target_id,
    null::varchar as target_name,
    nullif(lower(regexp_extract(template, '^/([^/({]+)', 1)), '') as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    try_cast(coalesce(nullif(p.responseSizeBytes, ''), la.ResponseSizeBytes) as bigint) as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
