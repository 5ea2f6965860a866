-- Azure activity log (control plane) as events, from a diagnostic-settings export or a Log Analytics row. Grain: one landed
-- record.
-- One operation writes a start row, sometimes accept rows, and an end row: outcome is 'unknown' for all but the last, so that it
-- counts once. Claims and identity are objects or their text; the caller is a name, an object id or a resource provider.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "resultType": "VARCHAR",
                    "resultSignature": "VARCHAR", "callerIpAddress": "VARCHAR", "correlationId": "VARCHAR", "identity": "JSON",
                    "caller": "VARCHAR", "eventDataId": "VARCHAR", "eventTimestamp": "VARCHAR", "submissionTimestamp": "VARCHAR",
                    "claims": "JSON", "authorization": "JSON", "httpRequest": "JSON", "status": "VARCHAR",
                    "properties": {"eventDataId": "VARCHAR", "statusCode": "VARCHAR"}
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "EventSubmissionTimestamp": "VARCHAR", "OperationNameValue": "VARCHAR", "ActivityStatusValue": "VARCHAR",
                    "ActivitySubstatusValue": "VARCHAR", "ActivityStatus": "VARCHAR", "ActivitySubstatus": "VARCHAR", "Caller": "VARCHAR",
                    "CallerIpAddress": "VARCHAR", "CorrelationId": "VARCHAR", "EventDataId": "VARCHAR", "SubscriptionId": "VARCHAR",
                    "_ResourceId": "VARCHAR", "ResourceId": "VARCHAR", "Claims_d": "JSON", "Claims": "JSON", "Authorization_d": "JSON",
                    "Authorization": "JSON", "HTTPRequest": "JSON"
                }'
            ) as la
        from landed
        where landed.source = 'azure_activity'
    ),

    claimed as (
        select
            parsed.*,
            from_json(
                coalesce(
                    unwrapped(unwrapped(e.identity) -> '$.claims'),
                    unwrapped(e.claims),
                    unwrapped(la.Claims_d),
                    unwrapped(la.Claims)
                ),
                '{
                    "http://schemas.microsoft.com/identity/claims/objectidentifier": "VARCHAR",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "VARCHAR",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "VARCHAR",
                    "http://schemas.microsoft.com/identity/claims/tenantid": "VARCHAR",
                    "http://schemas.microsoft.com/claims/authnmethodsreferences": "VARCHAR",
                    "http://schemas.microsoft.com/2012/01/devicecontext/claims/identifier": "VARCHAR",
                    "http://schemas.microsoft.com/identity/claims/scope": "VARCHAR",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "VARCHAR",
                    "name": "VARCHAR", "appid": "VARCHAR", "uti": "VARCHAR", "ipaddr": "VARCHAR", "idtyp": "VARCHAR", "xms_mirid": "VARCHAR"
                }'
            ) as claims,
            from_json(
                coalesce(
                    unwrapped(unwrapped(e.identity) -> '$.authorization'),
                    unwrapped(e.authorization),
                    unwrapped(la.Authorization_d),
                    unwrapped(la.Authorization)
                )
                -> '$.evidence',
                '{"principalId": "VARCHAR", "principalType": "VARCHAR"}'
            ) as evidence,
            coalesce(nullif(e.caller, ''), nullif(la.Caller, '')) as caller
        from parsed
    ),

    shaped as (
        select
            claimed.*,
            lower(coalesce(nullif(e.resourceId, ''), nullif(la._ResourceId, ''), nullif(la.ResourceId, ''))) as resource_id,
            upper(
                coalesce(
                    -- some write {"value": …, "localizedValue": …}
                    case when starts_with(e.operationName, '{') then try_cast(e.operationName as json) ->> '$.value' end,
                    nullif(e.operationName, ''),
                    nullif(la.OperationNameValue, '')
                )
            ) as operation_name,
            lower(
                coalesce(
                    nullif(e.resultType, ''),
                    case
                        when starts_with(e.status, '{') then try_cast(e.status as json) ->> '$.value' else nullif(e.status, '')
                    end,
                    nullif(la.ActivityStatusValue, ''),
                    nullif(la.ActivityStatus, ''),
                    -- `Succeeded.Created`
                    nullif(split_part(e.resultSignature, '.', 1), '')
                )
            ) as status,
            coalesce(
                nullif(claims."http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", ''),
                nullif(claims."http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", ''),
                case when contains(claims.name, '@') then claims.name end,
                case when contains(caller, '@') then caller end
            ) as upn,
            lower(
                coalesce(
                    nullif(claims."http://schemas.microsoft.com/identity/claims/objectidentifier", ''),
                    case when regexp_full_match(caller, '\w{8}(-\w{4}){3}-\w{12}') then caller end,
                    -- whom the role was assigned to, unless that is a group
                    case
                        when lower(evidence.principalType) in ('user', 'serviceprincipal')
                        then regexp_replace(evidence.principalId, '^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$', '\1-\2-\3-\4-\5')
                    end
                )
            ) as object_id
        from claimed
    )

select
    coalesce(
        nullif(e.properties.eventDataId, ''),
        nullif(e.eventDataId, ''),
        nullif(la.EventDataId, ''),
        coalesce(nullif(e.correlationId, ''), nullif(la.CorrelationId, ''))
        || '/'
        || operation_name
        || '/'
        || coalesce(status, '')
        || '/'
        || substr(sha256(record), 1, 16),
        'sha256:' || sha256(record)
    ) as event_id,
    source,
    coalesce(utc(e.time), utc(e.eventTimestamp), utc(la.TimeGenerated)) as occurred_at,
    coalesce(utc(e.submissionTimestamp), utc(la.EventSubmissionTimestamp)) as received_at,
    'azure' as provider,
    lower(
        coalesce(
            nullif(regexp_extract(resource_id, '/subscriptions/([^/]+)', 1), ''),
            nullif(la.SubscriptionId, ''),
            nullif(e.tenantId, '')
        )
    ) as tenant_id,
    null::varchar as region,
    nullif(lower(split_part(operation_name, '/', 1)), '') as service,
    operation_name as action,
    case
        when status in ('success', 'succeeded')
        then 'success'
        when status in ('failure', 'failed', 'canceled', 'cancelled', 'error')
        then 'failure'
        else 'unknown'
    end as outcome,
    case
        when status in ('failure', 'failed', 'canceled', 'cancelled', 'error')
        then
            coalesce(
                nullif(e.resultSignature, ''), nullif(la.ActivitySubstatusValue, ''), nullif(la.ActivitySubstatus, ''), status
            )
    end as error_code,
    ends_with(operation_name, '/READ') as is_read_only,
    object_id as principal_id,
    coalesce(
        upn,
        case when lower(caller) is distinct from object_id then caller end,
        nullif(claims."http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", ''),
        -- a managed identity has the name of its resource
        nullif(regexp_extract(claims.xms_mirid, '(?i)/providers/.*/([^/]+)$', 1), '')
    ) as principal_name,
    case
        when
            upn is not null
            or lower(claims.idtyp) = 'user'
            or nullif(claims."http://schemas.microsoft.com/identity/claims/scope", '') is not null
            or lower(evidence.principalType) = 'user'
        then 'user'
        when nullif(claims.xms_mirid, '') is not null
        then 'managed_identity'
        when lower(claims.idtyp) = 'app' or object_id is not null
        then 'service_principal'
        when caller is not null
        then 'service'
    end as principal_kind,
    lower(nullif(claims."http://schemas.microsoft.com/identity/claims/tenantid", '')) as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    nullif(rtrim(claims.uti, '='), '') as token_id,
    contains(claims."http://schemas.microsoft.com/claims/authnmethodsreferences", 'mfa') as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(nullif(claims.appid, '')) as app_id,
    nullif(claims."http://schemas.microsoft.com/2012/01/devicecontext/claims/identifier", '') as device_id,
    coalesce(
        address(e.callerIpAddress),
        address(la.CallerIpAddress),
        address(e.httpRequest ->> '$.clientIpAddress'),
        address(unwrapped(la.HTTPRequest) ->> '$.clientIpAddress'),
        address(claims.ipaddr)
    ) as source_ip,
    null::varchar as user_agent,
    null::varchar as country,
    null::bigint as asn,
    resource_id as target_id,
    nullif(regexp_extract(resource_id, '[^/]+$'), '') as target_name,
    nullif(lower(regexp_extract(operation_name, '/(.*)/[^/]+$', 1)), '') as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
