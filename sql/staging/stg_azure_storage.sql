-- Azure Storage resource logs (blob, file, queue, table) as events, from a diagnostic-settings export or a Log Analytics row.
-- Grain: one landed record. A SAS or an account key has no requester: its hash is the only thing that ties rows together.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "statusCode": "VARCHAR", "statusText": "VARCHAR",
                    "callerIpAddress": "VARCHAR", "correlationId": "VARCHAR", "category": "VARCHAR", "location": "VARCHAR", "uri": "VARCHAR",
                    "identity": {
                        "type": "VARCHAR", "tokenHash": "VARCHAR",
                        "requester": {"appId": "VARCHAR", "objectId": "VARCHAR", "tenantId": "VARCHAR", "upn": "VARCHAR"}
                    },
                    "requester": {"appId": "VARCHAR", "objectId": "VARCHAR", "tenantId": "VARCHAR", "upn": "VARCHAR"},
                    "properties": {"accountName": "VARCHAR", "userAgentHeader": "VARCHAR", "objectKey": "VARCHAR", "responseBodySize": "BIGINT", "operationCount": "VARCHAR"}
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "_ResourceId": "VARCHAR", "OperationName": "VARCHAR", "StatusCode": "VARCHAR", "StatusText": "VARCHAR",
                    "CallerIpAddress": "VARCHAR", "CorrelationId": "VARCHAR", "Category": "VARCHAR", "Location": "VARCHAR", "Uri": "VARCHAR",
                    "AuthenticationType": "VARCHAR", "AuthenticationHash": "VARCHAR", "RequesterAppId": "VARCHAR", "RequesterObjectId": "VARCHAR",
                    "RequesterTenantId": "VARCHAR", "RequesterUpn": "VARCHAR", "AccountName": "VARCHAR", "UserAgentHeader": "VARCHAR",
                    "ObjectKey": "VARCHAR", "ResponseBodySize": "BIGINT", "OperationCount": "VARCHAR"
                }'
            ) as la
        from landed
        where landed.source = 'azure_storage'
    ),

    shaped as (
        select
            parsed.*,
            coalesce(e.operationName, la.OperationName) as operation_name,
            coalesce(e.statusCode, la.StatusCode) as status_code,
            coalesce(e.identity.type, la.AuthenticationType) as authentication_type,
            coalesce(e.identity.tokenHash, la.AuthenticationHash) as token_hash,
            coalesce(e.identity.requester.objectId, e.requester.objectId, la.RequesterObjectId) as requester_id,
            coalesce(e.identity.requester.upn, e.requester.upn, la.RequesterUpn) as requester_name,
            coalesce(e.identity.requester.appId, e.requester.appId, la.RequesterAppId) as requester_app_id,
            coalesce(e.identity.requester.tenantId, e.requester.tenantId, la.RequesterTenantId) as requester_tenant_id,
            lower(coalesce(e.resourceId, la._ResourceId)) as resource_id,
            coalesce(e.properties.accountName, la.AccountName) as account_name,
            split_part(coalesce(e.uri, la.Uri), '?', 1) as uri_path
        from parsed
    )

select
    coalesce(
        coalesce(e.correlationId, la.CorrelationId)
        || '/'
        || coalesce(e.properties.operationCount, la.OperationCount, '0')
        || '/'
        || operation_name,
        'sha256:' || sha256(record)
    ) as event_id,
    source,
    coalesce(utc(e.time), utc(la.TimeGenerated)) as occurred_at,
    null::timestamp as received_at,
    'azure' as provider,
    coalesce(nullif(regexp_extract(resource_id, '/subscriptions/([^/]+)', 1), ''), lower(requester_tenant_id)) as tenant_id,
    coalesce(e.location, la.Location) as region,
    'microsoft.storage' as service,
    operation_name as action,
    case
        when try_cast(status_code as integer) between 100 and 399
        then 'success'
        when try_cast(status_code as integer) is not null
        then 'failure'
        else 'unknown'
    end as outcome,
    case
        when try_cast(status_code as integer) >= 400
        then coalesce(nullif(e.statusText, ''), nullif(la.StatusText, ''), status_code)
    end as error_code,
    lower(coalesce(e.category, la.Category)) = 'storageread' as is_read_only,
    lower(nullif(requester_id, '')) as principal_id,
    nullif(requester_name, '') as principal_name,
    case
        when nullif(requester_name, '') is not null
        then 'user'
        when nullif(requester_id, '') is not null
        then 'service_principal'
        when lower(authentication_type) = 'anonymous'
        then 'anonymous'
    end as principal_kind,
    lower(nullif(requester_tenant_id, '')) as principal_tenant_id,
    nullif(token_hash, '') as credential_id,
    case
        when regexp_matches(lower(authentication_type), '^account ?key$')
        then 'account_key'
        when contains(lower(authentication_type), 'sas')
        then 'sas'
        when lower(authentication_type) = 'oauth'
        then 'oauth_token'
    end as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    null::varchar as token_id,
    null::boolean as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(nullif(requester_app_id, '')) as app_id,
    null::varchar as device_id,
    coalesce(address(e.callerIpAddress), address(la.CallerIpAddress)) as source_ip,
    coalesce(e.properties.userAgentHeader, la.UserAgentHeader) as user_agent,
    null::varchar as country,
    null::bigint as asn,
    coalesce(
        nullif(ltrim(coalesce(e.properties.objectKey, la.ObjectKey), '/'), ''),
        account_name || nullif(regexp_extract(uri_path, '^[a-z]+://[^/]+(/.*)$', 1), ''),
        account_name
    ) as target_id,
    account_name as target_name,
    case
        when contains(ltrim(coalesce(e.properties.objectKey, la.ObjectKey, ''), '/'), '/') then 'object' else 'storage_account'
    end as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    coalesce(e.properties.responseBodySize, la.ResponseBodySize) as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
