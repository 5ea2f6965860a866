-- Key Vault audit as events, from a diagnostic-settings export, a resource-specific Log Analytics row or AzureDiagnostics.
-- Grain: one landed record. `resultType` says Success even for a refused call, so the outcome is the HTTP status.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "callerIpAddress": "VARCHAR", "identity": "JSON",
                    "resultSignature": "VARCHAR", "resultDescription": "VARCHAR",
                    "properties": {"id": "VARCHAR", "httpStatusCode": "INTEGER", "clientInfo": "VARCHAR", "requestUri": "VARCHAR"}
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "_ResourceId": "VARCHAR", "ResourceId": "VARCHAR", "OperationName": "VARCHAR", "CallerIpAddress": "VARCHAR",
                    "Identity": "JSON", "ResultSignature": "VARCHAR", "Id": "VARCHAR", "HttpStatusCode": "INTEGER",
                    "ClientInfo": "VARCHAR", "clientInfo_s": "VARCHAR", "id_s": "VARCHAR", "httpStatusCode_d": "DOUBLE",
                    "identity_claim_oid_g": "VARCHAR", "identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g": "VARCHAR",
                    "identity_claim_appid_g": "VARCHAR", "identity_claim_upn_s": "VARCHAR", "identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s": "VARCHAR"
                }'
            ) as la
        from landed
        where landed.source = 'azure_key_vault'
    ),

    claimed as (select parsed.*, from_json(unwrapped(coalesce(e.identity, la.Identity)) -> '$.claim', '{
                    "oid": "VARCHAR", "appid": "VARCHAR", "upn": "VARCHAR", "ipaddr": "VARCHAR",
                    "http://schemas.microsoft.com/identity/claims/objectidentifier": "VARCHAR",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "VARCHAR"
                }') as claims from parsed),

    shaped as (
        select
            claimed.*,
            coalesce(e.properties.httpStatusCode, la.HttpStatusCode, la.httpStatusCode_d::integer) as http_status_code,
            lower(coalesce(e.resourceId, la._ResourceId, la.ResourceId)) as resource_id,
            lower(coalesce(nullif(e.properties.id, ''), nullif(la.Id, ''), nullif(la.id_s, ''))) as object_url,
            coalesce(
                claims.upn,
                claims."http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
                la.identity_claim_upn_s,
                la.identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s
            ) as upn,
            lower(
                coalesce(
                    claims.oid,
                    claims."http://schemas.microsoft.com/identity/claims/objectidentifier",
                    la.identity_claim_oid_g,
                    la.identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g
                )
            ) as object_id
        from claimed
    )

select
    -- correlationId may be empty or chosen by the client, so the row itself is its identity
    'sha256:' || sha256(record) as event_id,
    source,
    coalesce(utc(e.time), utc(la.TimeGenerated)) as occurred_at,
    null::timestamp as received_at,
    'azure' as provider,
    nullif(regexp_extract(resource_id, '/subscriptions/([^/]+)', 1), '') as tenant_id,
    null::varchar as region,
    'microsoft.keyvault' as service,
    coalesce(e.operationName, la.OperationName) as action,
    case
        when http_status_code between 100 and 399 then 'success' when http_status_code is not null then 'failure' else 'unknown'
    end as outcome,
    case when http_status_code >= 400 then http_status_code::varchar end as error_code,
    regexp_matches(
        coalesce(e.operationName, la.OperationName), '(Get|List|ListVersions|GetDeleted|ListDeleted)$'
    ) as is_read_only,
    object_id as principal_id,
    upn as principal_name,
    case when upn is not null then 'user' when object_id is not null then 'service_principal' end as principal_kind,
    null::varchar as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    null::varchar as token_id,
    null::boolean as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(coalesce(claims.appid, la.identity_claim_appid_g)) as app_id,
    null::varchar as device_id,
    coalesce(
        address(e.callerIpAddress), address(la.CallerIpAddress), address(record ->> '$.CallerIPAddress'), address(claims.ipaddr)
    ) as source_ip,
    coalesce(e.properties.clientInfo, la.ClientInfo, la.clientInfo_s) as user_agent,
    null::varchar as country,
    null::bigint as asn,
    -- one secret is one target, whichever version was asked for
    coalesce(
        nullif(regexp_extract(object_url, '^https://[^/]+/(?:secrets|keys|certificates)/[^/?]+'), ''), object_url, resource_id
    ) as target_id,
    coalesce(
        nullif(regexp_extract(object_url, '^https://[^/]+/(?:secrets|keys|certificates)/([^/?]+)', 1), ''),
        nullif(regexp_extract(resource_id, '[^/]+$'), '')
    ) as target_name,
    case
        when contains(object_url, '/secrets/')
        then 'secret'
        when contains(object_url, '/keys/')
        then 'key'
        when contains(object_url, '/certificates/')
        then 'certificate'
        else 'vault'
    end as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
