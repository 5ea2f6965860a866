-- Azure Storage resource logs (blob, file, queue, table) as events, from a diagnostic-settings export or a Log Analytics row.
-- Grain: one landed record. A SAS or an account key has no requester: its hash is the only thing that ties rows together.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "statusCode": "VARCHAR", "statusText": "VARCHAR",
                    "callerIpAddress": "VARCHAR", "correlationId": "VARCHAR", "category": "VARCHAR", "location": "VARCHAR", "uri": "VARCHAR",
                    "identity": {
                        "type": "VARCHAR", "tokenHash": "VARCHAR",
                        "requester": {"appId": "VARCHAR", "objectId": "VARCHAR", "tenantId": "VARCHAR", "upn": "VARCHAR"}
                    },
                    "requester": {"appId": "VARCHAR", "objectId": "VARCHAR", "tenantId": "VARCHAR", "upn": "VARCHAR"},
                    "properties": {
                        "accountName": "VARCHAR", "userAgentHeader": "VARCHAR", "objectKey": "VARCHAR", "responseBodySize": "VARCHAR",
                        "operationCount": "VARCHAR", "metricResponseType": "VARCHAR"
                    }
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "_ResourceId": "VARCHAR", "ResourceId": "VARCHAR", "OperationName": "VARCHAR",
                    "StatusCode": "VARCHAR", "StatusText": "VARCHAR",
                    "CallerIpAddress": "VARCHAR", "CorrelationId": "VARCHAR", "Category": "VARCHAR", "Location": "VARCHAR", "Uri": "VARCHAR",
                    "AuthenticationType": "VARCHAR", "AuthenticationHash": "VARCHAR", "RequesterAppId": "VARCHAR", "RequesterObjectId": "VARCHAR",
                    "RequesterTenantId": "VARCHAR", "RequesterUpn": "VARCHAR", "RequesterUserName": "VARCHAR",
                    "AccountName": "VARCHAR", "UserAgentHeader": "VARCHAR",
                    "ObjectKey": "VARCHAR", "ResponseBodySize": "VARCHAR", "OperationCount": "VARCHAR",
                    "MetricResponseType": "VARCHAR"
                }'
            ) as la
        from landed
        where landed.source = 'azure_storage'
    ),

    shaped as (
        select
            parsed.*,
            coalesce(nullif(e.operationName, ''), nullif(la.OperationName, '')) as operation_name,
            lower(coalesce(e.category, la.Category)) as category,
            try_cast(coalesce(nullif(e.statusCode, ''), la.StatusCode) as integer) as status_code,
            coalesce(nullif(e.statusText, ''), nullif(la.StatusText, '')) as status_text,
            coalesce(nullif(e.properties.metricResponseType, ''), nullif(la.MetricResponseType, '')) as response_type,
            lower(coalesce(e.identity.type, la.AuthenticationType)) as authentication_type,
            coalesce(nullif(e.identity.tokenHash, ''), nullif(la.AuthenticationHash, '')) as token_hash,
            lower(
                coalesce(
                    nullif(e.identity.requester.objectId, ''), nullif(e.requester.objectId, ''), nullif(la.RequesterObjectId, '')
                )
            ) as requester_id,
            coalesce(
                nullif(e.identity.requester.upn, ''),
                nullif(e.requester.upn, ''),
                nullif(la.RequesterUpn, ''),
                nullif(la.RequesterUserName, '')
            ) as requester_name,
            lower(
                coalesce(nullif(e.identity.requester.appId, ''), nullif(e.requester.appId, ''), nullif(la.RequesterAppId, ''))
            ) as requester_app_id,
            lower(
                coalesce(
                    nullif(e.identity.requester.tenantId, ''), nullif(e.requester.tenantId, ''), nullif(la.RequesterTenantId, '')
                )
            ) as requester_tenant_id,
            lower(coalesce(nullif(e.resourceId, ''), nullif(la._ResourceId, ''), nullif(la.ResourceId, ''))) as resource_id,
            coalesce(
                nullif(e.properties.accountName, ''),
                nullif(la.AccountName, ''),
                nullif(regexp_extract(lower(coalesce(e.resourceId, la._ResourceId)), '/storageaccounts/([^/]+)', 1), ''),
                nullif(regexp_extract(coalesce(e.uri, la.Uri), '^[a-z]+://([^./]+)\.', 1), '')
            ) as account_name,
            nullif(regexp_extract(coalesce(nullif(e.uri, ''), la.Uri), '^[A-Za-z]+://[^/]+(/[^?]+)', 1), '') as uri_path,
            nullif(ltrim(coalesce(nullif(e.properties.objectKey, ''), la.ObjectKey), '/'), '') as object_key
        from parsed
    )

select
    coalesce(
        coalesce(nullif(e.correlationId, ''), nullif(la.CorrelationId, ''))
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
    coalesce(
        nullif(regexp_extract(resource_id, '/subscriptions/([^/]+)', 1), ''), requester_tenant_id, lower(nullif(e.tenantId, ''))
    ) as tenant_id,
    coalesce(nullif(e.location, ''), nullif(la.Location, '')) as region,
    'microsoft.storage' as service,
    operation_name as action,
    case
        when status_code between 100 and 399
        then 'success'
        when status_code is not null
        then 'failure'
        -- without a code, the words: all but Success are reasons
        when lower(coalesce(response_type, status_text)) like '%success'
        then 'success'
        when coalesce(response_type, status_text) is not null
        then 'failure'
        else 'unknown'
    end as outcome,
    case
        when status_code not between 100 and 399
        then coalesce(status_text, status_code::varchar)
        when status_code is null and lower(coalesce(response_type, status_text)) not like '%success'
        then coalesce(status_text, response_type)
    end as error_code,
    category = 'storageread' as is_read_only,
    requester_id as principal_id,
    requester_name as principal_name,
    case
        when requester_name is not null
        then 'user'
        when requester_id is not null
        then 'service_principal'
        when authentication_type = 'anonymous'
        then 'anonymous'
    end as principal_kind,
    requester_tenant_id as principal_tenant_id,
    token_hash as credential_id,
    case
        when regexp_matches(authentication_type, '^account ?key$')
        then 'account_key'
        when contains(authentication_type, 'sas')
        then 'sas'
        when authentication_type = 'oauth'
        then 'oauth_token'
    end as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    null::varchar as token_id,
    null::boolean as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    requester_app_id as app_id,
    null::varchar as device_id,
    coalesce(address(e.callerIpAddress), address(la.CallerIpAddress)) as source_ip,
    coalesce(nullif(e.properties.userAgentHeader, ''), nullif(la.UserAgentHeader, '')) as user_agent,
    null::varchar as country,
    null::bigint as asn,
    coalesce(
        -- some keys stop at the account, where the address goes on
        case when contains(object_key, '/') then object_key end, account_name || uri_path, object_key, account_name
    ) as target_id,
    account_name as target_name,
    case
        when contains(object_key, '/') or regexp_matches(uri_path, '^/[^/]+/.') then 'object' else 'storage_account'
    end as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    try_cast(coalesce(nullif(e.properties.responseBodySize, ''), la.ResponseBodySize) as bigint) as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
