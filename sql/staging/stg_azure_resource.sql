-- Any other record of diagnostic settings (network, event hubs, Kubernetes, provisioning …) as events, with the columns that
-- all of them share, from an export or a Log Analytics row. Grain: one landed record.
-- Few of these records have an id of their own, and an activity id may stand in many of them, so mostly the record itself is
-- its identity. The outcome is what `resultType`, a status or an HTTP code says; most categories say nothing.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "resourceId": "VARCHAR", "category": "VARCHAR", "operationName": "VARCHAR",
                    "resultType": "VARCHAR", "resultSignature": "VARCHAR", "resultDescription": "VARCHAR", "status": "VARCHAR",
                    "statusCode": "VARCHAR", "callerIpAddress": "VARCHAR", "location": "VARCHAR", "identity": "JSON", "caller": "VARCHAR",
                    "EventName": "VARCHAR", "EventTimeString": "VARCHAR", "Region": "VARCHAR", "eventDataId": "VARCHAR", "properties": "JSON"
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "ActivityDateTime": "VARCHAR", "Id": "VARCHAR", "ResourceId": "VARCHAR", "_ResourceId": "VARCHAR",
                    "SubscriptionId": "VARCHAR", "AADTenantId": "VARCHAR",
                    "Category": "VARCHAR", "OperationName": "VARCHAR", "ResultType": "VARCHAR", "ResultSignature": "VARCHAR",
                    "ResultDescription": "VARCHAR", "CallerIPAddress": "VARCHAR", "Location": "VARCHAR", "Caller": "VARCHAR", "Type": "VARCHAR",
                    "httpStatusCode_d": "VARCHAR", "identity_claim_oid_g": "VARCHAR", "identity_claim_upn_s": "VARCHAR",
                    "identity_claim_appid_g": "VARCHAR"
                }'
            ) as la,
            -- a struct cannot hold two spellings of one key
            json_extract_string(
                landed.record,
                [
                    '$.Status',
                    '$.CallerIpAddress',
                    '$.properties.clientIp',
                    '$.timestamp',
                    '$.timeStamp',
                    '$.properties.provisioningStatusInfo.Status',
                    '$.properties.provisioningStatusInfo.status'
                ]
            ) as spellings
        from landed
        where landed.source = 'azure_resource'
    ),

    opened as (
        select
            parsed.*,
            from_json(
                unwrapped(e.properties),
                '{
                    "id": "VARCHAR", "activityDateTime": "VARCHAR", "statusCode": "VARCHAR", "httpStatusCode": "VARCHAR", "httpStatus": "VARCHAR",
                    "clientIP": "VARCHAR", "clientIPAddress": "VARCHAR", "userAgent": "VARCHAR", "status": "VARCHAR"
                }'
            ) as p,
            coalesce(
                unwrapped(e.identity) -> '$.claims', unwrapped(e.identity) -> '$.claim', unwrapped(e.identity)
            ) as claims_json,
            e.identity ->> '$' as identity_text
        from parsed
    ),

    claimed as (select opened.*, from_json(unwrapped(claims_json), '{
                    "oid": "VARCHAR", "appid": "VARCHAR", "upn": "VARCHAR", "ipaddr": "VARCHAR",
                    "http://schemas.microsoft.com/identity/claims/objectidentifier": "VARCHAR",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "VARCHAR"
                }') as claims from opened),

    shaped as (
        select
            claimed.*,
            coalesce(nullif(e.category, ''), nullif(la.Category, ''), nullif(la.Type, '')) as category,
            lower(coalesce(nullif(e.resourceId, ''), nullif(la._ResourceId, ''), nullif(la.ResourceId, ''))) as resource_id,
            lower(
                rtrim(
                    coalesce(
                        -- provisioning may say Success above and failure within
                        nullif(spellings[6], ''),
                        nullif(spellings[7], ''),
                        nullif(e.resultType, ''),
                        nullif(la.ResultType, ''),
                        nullif(e.status, ''),
                        nullif(spellings[1], ''),
                        nullif(e.statusCode, ''),
                        nullif(p.httpStatusCode, ''),
                        nullif(p.httpStatus, ''),
                        nullif(p.statusCode, ''),
                        nullif(p.status, ''),
                        nullif(la.httpStatusCode_d, ''),
                        nullif(e.resultSignature, ''),
                        nullif(la.ResultSignature, '')
                    ),
                    '.'
                )
            ) as status,
            lower(
                coalesce(
                    nullif(claims.oid, ''),
                    nullif(claims."http://schemas.microsoft.com/identity/claims/objectidentifier", ''),
                    nullif(la.identity_claim_oid_g, '')
                )
            ) as object_id,
            coalesce(
                nullif(claims.upn, ''),
                nullif(claims."http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", ''),
                nullif(la.identity_claim_upn_s, '')
            ) as upn,
            -- a name without an object around it
            coalesce(
                case
                    when json_type(e.identity) = 'VARCHAR' and unwrapped(e.identity) is null
                    then nullif(nullif(identity_text, ''), p.id)
                end,
                nullif(e.caller, ''),
                nullif(la.Caller, '')
            ) as caller
        from claimed
    ),

    judged as (
        select
            shaped.*,
            without_headers(record) as unsigned_record,
            try_cast(try_cast(status as double) as integer) as status_number,
            lower(category) in ('provisioninglogs', 'aadprovisioninglogs') as is_provisioning,
            status in ('success', 'succeeded', 'ok', 'completed') as is_success,
            status in (
                'failure',
                'failed',
                'error',
                'clienterror',
                'servererror',
                'canceled',
                'cancelled',
                'denied',
                'unauthorized',
                'forbidden'
            ) as is_failure
        from shaped
    )

select
    coalesce(
        nullif(e.eventDataId, ''),
        case when is_provisioning then coalesce(nullif(p.id, ''), nullif(la.Id, '')) end,
        'sha256:' || sha256(record)
    ) as event_id,
    source,
    coalesce(
        case when is_provisioning then coalesce(utc(p.activityDateTime), utc(la.ActivityDateTime)) end,
        utc(e.time),
        utc(la.TimeGenerated),
        utc(spellings[4]),
        utc(spellings[5]),
        utc(e.EventTimeString)
    ) as occurred_at,
    case when is_provisioning then coalesce(utc(e.time), utc(la.TimeGenerated)) end as received_at,
    'azure' as provider,
    lower(
        coalesce(
            nullif(regexp_extract(resource_id, '/(?:subscriptions|tenants)/([^/]+)', 1), ''),
            nullif(la.SubscriptionId, ''),
            nullif(e.tenantId, ''),
            nullif(la.AADTenantId, '')
        )
    ) as tenant_id,
    coalesce(nullif(e.location, ''), nullif(e.Region, ''), nullif(la.Location, '')) as region,
    nullif(regexp_extract(resource_id, '.*/providers/([^/]+)', 1), '') as service,
    coalesce(nullif(e.operationName, ''), nullif(la.OperationName, ''), nullif(e.EventName, ''), category) as action,
    case
        when is_success or status_number = 0 or status_number between 100 and 399
        then 'success'
        when is_failure or status_number >= 400
        then 'failure'
        else 'unknown'
    end as outcome,
    case
        when is_failure or status_number >= 400
        then coalesce(nullif(e.resultDescription, ''), nullif(la.ResultDescription, ''), status)
    end as error_code,
    null::boolean as is_read_only,
    object_id as principal_id,
    coalesce(upn, caller) as principal_name,
    case
        when upn is not null or contains(caller, '@') then 'user' when object_id is not null then 'service_principal'
    end as principal_kind,
    null::varchar as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    null::varchar as token_id,
    null::boolean as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(coalesce(nullif(claims.appid, ''), nullif(la.identity_claim_appid_g, ''))) as app_id,
    null::varchar as device_id,
    coalesce(
        address(e.callerIpAddress),
        address(la.CallerIPAddress),
        address(spellings[2]),
        address(p.clientIP),
        address(spellings[3]),
        address(p.clientIPAddress),
        address(claims.ipaddr)
    ) as source_ip,
    nullif(nullif(p.userAgent, ''), '-') as user_agent,
    null::varchar as country,
    null::bigint as asn,
    resource_id as target_id,
    nullif(regexp_extract(resource_id, '[^/]+$'), '') as target_name,
    nullif(regexp_extract(resource_id, '.*/providers/[^/]+/([^/]+)', 1), '') as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(unsigned_record) as raw,
    source_file,
    source_row
from judged
