-- Key Vault audit as events, from a diagnostic-settings export, a resource-specific Log Analytics row or AzureDiagnostics.
-- Grain: one landed record. `resultType` says Success even for a refused call, so the outcome is the HTTP status, and a
-- signature of Forbidden or Unauthorized is a failure whatever the status.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "callerIpAddress": "VARCHAR", "identity": "JSON",
                    "resultSignature": "VARCHAR",
                    "properties": {"id": "VARCHAR", "httpStatusCode": "VARCHAR", "clientInfo": "VARCHAR", "requestUri": "VARCHAR"}
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "_ResourceId": "VARCHAR", "ResourceId": "VARCHAR", "OperationName": "VARCHAR", "CallerIpAddress": "VARCHAR",
                    "Identity": "JSON", "ResultSignature": "VARCHAR", "Id": "VARCHAR", "HttpStatusCode": "VARCHAR", "RequestUri": "VARCHAR",
                    "ClientInfo": "VARCHAR", "clientInfo_s": "VARCHAR", "id_s": "VARCHAR", "requestUri_s": "VARCHAR",
                    "httpStatusCode_d": "VARCHAR", "httpStatusCode_s": "VARCHAR",
                    "identity_claim_oid_g": "VARCHAR", "identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g": "VARCHAR",
                    "identity_claim_appid_g": "VARCHAR", "identity_claim_upn_s": "VARCHAR", "identity_claim_ipaddr_s": "VARCHAR",
                    "identity_claim_xms_mirid_s": "VARCHAR", "identity_claim_idtyp_s": "VARCHAR",
                    "identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s": "VARCHAR"
                }'
            ) as la,
            -- AzureDiagnostics has another spelling, which a struct cannot hold beside the first
            landed.record ->> '$.CallerIPAddress' as caller_address
        from landed
        where landed.source = 'azure_key_vault'
    ),

    claimed as (
        select
            parsed.*,
            from_json(
                unwrapped(unwrapped(coalesce(e.identity, la.Identity)) -> '$.claim'),
                '{
                    "oid": "VARCHAR", "appid": "VARCHAR", "upn": "VARCHAR", "ipaddr": "VARCHAR", "idtyp": "VARCHAR", "xms_mirid": "VARCHAR",
                    "http://schemas.microsoft.com/identity/claims/objectidentifier": "VARCHAR",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "VARCHAR"
                }'
            ) as claims
        from parsed
    ),

    shaped as (
        select
            claimed.*,
            coalesce(nullif(e.operationName, ''), nullif(la.OperationName, '')) as operation_name,
            -- 403, "403" and 403.0
            try_cast(
                try_cast(
                    coalesce(
                        nullif(e.properties.httpStatusCode, ''),
                        nullif(la.HttpStatusCode, ''),
                        nullif(la.httpStatusCode_d, ''),
                        la.httpStatusCode_s
                    ) as double
                ) as integer
            ) as http_status_code,
            nullif(nullif(coalesce(nullif(e.resultSignature, ''), la.ResultSignature), ''), 'None') as result_signature,
            lower(coalesce(nullif(e.resourceId, ''), nullif(la._ResourceId, ''), nullif(la.ResourceId, ''))) as resource_id,
            lower(
                coalesce(
                    nullif(e.properties.id, ''),
                    nullif(la.Id, ''),
                    nullif(la.id_s, ''),
                    nullif(
                        regexp_extract(
                            coalesce(nullif(e.properties.requestUri, ''), nullif(la.RequestUri, ''), la.requestUri_s),
                            '^https?://[^/]+/(?:secrets|keys|certificates)/[^/?]+'
                        ),
                        ''
                    )
                )
            ) as object_url,
            coalesce(
                nullif(claims.upn, ''),
                nullif(claims."http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", ''),
                nullif(la.identity_claim_upn_s, ''),
                nullif(la.identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s, '')
            ) as upn,
            lower(
                coalesce(
                    nullif(claims.oid, ''),
                    nullif(claims."http://schemas.microsoft.com/identity/claims/objectidentifier", ''),
                    nullif(la.identity_claim_oid_g, ''),
                    nullif(la.identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g, '')
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
    operation_name as action,
    case
        when http_status_code >= 400 or lower(result_signature) in ('forbidden', 'unauthorized')
        then 'failure'
        when http_status_code between 100 and 399 or lower(result_signature) in ('ok', 'created', 'accepted', 'no content')
        then 'success'
        when result_signature is not null
        then 'failure'
        else 'unknown'
    end as outcome,
    case
        when http_status_code >= 400
        then http_status_code::varchar
        when
            lower(result_signature) in ('forbidden', 'unauthorized')
            or (http_status_code is null and lower(result_signature) not in ('ok', 'created', 'accepted', 'no content'))
        then result_signature
    end as error_code,
    regexp_matches(operation_name, '(Get|List|ListVersions|GetDeleted|ListDeleted)$') as is_read_only,
    object_id as principal_id,
    -- a managed identity has the name of its resource
    coalesce(
        upn,
        nullif(
            regexp_extract(
                coalesce(nullif(claims.xms_mirid, ''), la.identity_claim_xms_mirid_s), '(?i)/providers/.*/([^/]+)$', 1
            ),
            ''
        )
    ) as principal_name,
    case
        when upn is not null or lower(coalesce(claims.idtyp, la.identity_claim_idtyp_s)) = 'user'
        then 'user'
        when coalesce(nullif(claims.xms_mirid, ''), nullif(la.identity_claim_xms_mirid_s, '')) is not null
        then 'managed_identity'
        when object_id is not null
        then 'service_principal'
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
        address(la.CallerIpAddress),
        address(caller_address),
        address(claims.ipaddr),
        address(la.identity_claim_ipaddr_s)
    ) as source_ip,
    coalesce(nullif(e.properties.clientInfo, ''), nullif(la.ClientInfo, ''), nullif(la.clientInfo_s, '')) as user_agent,
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
