-- Azure activity log (control plane) as events, from a diagnostic-settings export or a Log Analytics row. Grain: one landed
-- record.
-- One operation writes a start row and an end row: outcome is 'unknown' for the first, so that it counts once.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "resultType": "VARCHAR",
                    "resultSignature": "VARCHAR", "callerIpAddress": "VARCHAR", "correlationId": "VARCHAR", "identity": "JSON",
                    "properties": {"eventDataId": "VARCHAR", "statusCode": "VARCHAR"}
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "EventSubmissionTimestamp": "VARCHAR", "OperationNameValue": "VARCHAR", "ActivityStatusValue": "VARCHAR",
                    "ActivitySubstatusValue": "VARCHAR", "Caller": "VARCHAR", "CallerIpAddress": "VARCHAR", "CorrelationId": "VARCHAR",
                    "EventDataId": "VARCHAR", "SubscriptionId": "VARCHAR", "_ResourceId": "VARCHAR", "ResourceId": "VARCHAR",
                    "Claims_d": "JSON", "Claims": "JSON", "Authorization_d": "JSON"
                }'
            ) as la
        from landed
        where landed.source = 'azure_activity'
    ),

    claimed as (
        select parsed.*, from_json(coalesce(unwrapped(e.identity) -> '$.claims', unwrapped(la.Claims_d), unwrapped(la.Claims)), '{
                    "http://schemas.microsoft.com/identity/claims/objectidentifier": "VARCHAR",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "VARCHAR",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "VARCHAR",
                    "http://schemas.microsoft.com/identity/claims/tenantid": "VARCHAR",
                    "http://schemas.microsoft.com/claims/authnmethodsreferences": "VARCHAR",
                    "http://schemas.microsoft.com/2012/01/devicecontext/claims/identifier": "VARCHAR",
                    "appid": "VARCHAR", "uti": "VARCHAR", "ipaddr": "VARCHAR", "idtyp": "VARCHAR"
                }') as claims from parsed
    ),

    shaped as (
        select
            claimed.*,
            lower(coalesce(nullif(e.resourceId, ''), nullif(la._ResourceId, ''), nullif(la.ResourceId, ''))) as resource_id,
            upper(coalesce(nullif(e.operationName, ''), la.OperationNameValue)) as operation_name,
            lower(coalesce(nullif(e.resultType, ''), la.ActivityStatusValue)) as status,
            coalesce(
                claims."http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
                claims."http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
            ) as upn,
            lower(
                coalesce(
                    claims."http://schemas.microsoft.com/identity/claims/objectidentifier",
                    case when not contains(la.Caller, '@') then la.Caller end
                )
            ) as object_id
        from claimed
    )

select
    coalesce(
        nullif(e.properties.eventDataId, ''),
        nullif(la.EventDataId, ''),
        coalesce(e.correlationId, la.CorrelationId)
        || '/'
        || operation_name
        || '/'
        || coalesce(status, '')
        || '/'
        || substr(sha256(record), 1, 16),
        'sha256:' || sha256(record)
    ) as event_id,
    source,
    coalesce(utc(e.time), utc(la.TimeGenerated)) as occurred_at,
    utc(la.EventSubmissionTimestamp) as received_at,
    'azure' as provider,
    lower(
        coalesce(nullif(regexp_extract(resource_id, '/subscriptions/([^/]+)', 1), ''), la.SubscriptionId, e.tenantId)
    ) as tenant_id,
    null::varchar as region,
    nullif(lower(split_part(operation_name, '/', 1)), '') as service,
    operation_name as action,
    case
        when status in ('success', 'succeeded') then 'success' when status in ('failure', 'failed') then 'failure' else 'unknown'
    end as outcome,
    case
        when status in ('failure', 'failed')
        then coalesce(nullif(e.resultSignature, ''), nullif(la.ActivitySubstatusValue, ''), status)
    end as error_code,
    ends_with(operation_name, '/READ') as is_read_only,
    object_id as principal_id,
    coalesce(upn, la.Caller) as principal_name,
    case
        when upn is not null or contains(la.Caller, '@')
        then 'user'
        when claims.idtyp = 'app' or object_id is not null
        then 'service_principal'
    end as principal_kind,
    lower(claims."http://schemas.microsoft.com/identity/claims/tenantid") as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    nullif(claims.uti, '') as token_id,
    contains(claims."http://schemas.microsoft.com/claims/authnmethodsreferences", 'mfa') as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(claims.appid) as app_id,
    claims."http://schemas.microsoft.com/2012/01/devicecontext/claims/identifier" as device_id,
    coalesce(address(e.callerIpAddress), address(la.CallerIpAddress), address(claims.ipaddr)) as source_ip,
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
