-- Entra directory audit (AuditLogs) as events, from a diagnostic-settings export or a Log Analytics row. Grain: one landed
-- record.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "time": "VARCHAR", "tenantId": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "callerIpAddress": "VARCHAR",
                    "properties": {
                        "id": "VARCHAR", "activityDateTime": "VARCHAR", "activityDisplayName": "VARCHAR", "loggedByService": "VARCHAR",
                        "result": "VARCHAR", "resultReason": "VARCHAR", "userAgent": "VARCHAR", "initiatedBy": "JSON", "targetResources": "JSON",
                        "additionalDetails": "JSON"
                    }
                }'
            ) as e,
            from_json(
                landed.record,
                '{
                    "TimeGenerated": "VARCHAR", "AADTenantId": "VARCHAR", "OperationName": "VARCHAR", "ActivityDisplayName": "VARCHAR",
                    "Id": "VARCHAR", "ActivityDateTime": "VARCHAR", "LoggedByService": "VARCHAR", "Result": "VARCHAR",
                    "ResultReason": "VARCHAR", "InitiatedBy": "JSON", "TargetResources": "JSON", "AdditionalDetails": "JSON"
                }'
            ) as la
        from landed
        where landed.source = 'entra_audit'
    ),

    unwrapped_objects as (
        select
            parsed.*,
            e.properties as p,
            from_json(
                unwrapped(coalesce(e.properties.initiatedBy, la.InitiatedBy)),
                '{
                    "user": {"id": "VARCHAR", "userPrincipalName": "VARCHAR", "displayName": "VARCHAR", "ipAddress": "VARCHAR", "homeTenantId": "VARCHAR"},
                    "app": {"appId": "VARCHAR", "displayName": "VARCHAR", "servicePrincipalId": "VARCHAR", "servicePrincipalName": "VARCHAR"}
                }'
            ) as initiated_by,
            from_json(unwrapped(coalesce(e.properties.targetResources, la.TargetResources)), '[{
                    "id": "VARCHAR", "displayName": "VARCHAR", "userPrincipalName": "VARCHAR", "type": "VARCHAR",
                    "modifiedProperties": "JSON"
                }]') as targets,
            from_json(
                unwrapped(coalesce(e.properties.additionalDetails, la.AdditionalDetails)),
                '[{"key": "VARCHAR", "value": "VARCHAR"}]'
            ) as details
        from parsed
    ),

    shaped as (
        select
            unwrapped_objects.*,
            initiated_by.user as actor_user,
            initiated_by.app as actor_app,
            lower(coalesce(nullif(initiated_by.app.servicePrincipalId, ''), nullif(initiated_by.app.appId, ''))) as actor_app_id,
            coalesce(
                nullif(initiated_by.app.displayName, ''), nullif(initiated_by.app.servicePrincipalName, '')
            ) as actor_app_name,
            coalesce(lower(nullif(p.result, '')), lower(nullif(la.Result, ''))) as result,
            -- the user whom it was done to comes first, whatever the order in the record
            coalesce(list_filter(targets, lambda t:lower(t.type) = 'user')[1], targets[1]) as target,
            list_filter(
                flatten(
                    list_transform(
                        targets,
                        lambda t:from_json(
                            unwrapped(t.modifiedProperties),
                            '[{"displayName": "VARCHAR", "oldValue": "VARCHAR", "newValue": "VARCHAR"}]'
                        )
                    )
                ),
                lambda m:m.displayName = 'KeyDescription'
            )[1] as keys,
            -- the column is empty in most records; the detail is all that a Log Analytics row has
            list_filter(details, lambda d:lower(d.key) = 'user-agent')[1].value as detailed_user_agent
        from unwrapped_objects
    )

select
    coalesce(nullif(p.id, ''), nullif(la.Id, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    coalesce(utc(p.activityDateTime), utc(la.ActivityDateTime), utc(e.time), utc(la.TimeGenerated)) as occurred_at,
    coalesce(utc(e.time), utc(la.TimeGenerated)) as received_at,
    'azure' as provider,
    lower(
        coalesce(
            nullif(e.tenantId, ''),
            nullif(la.AADTenantId, ''),
            nullif(regexp_extract(lower(e.resourceId), '^/tenants/([^/]+)', 1), '')
        )
    ) as tenant_id,
    null::varchar as region,
    coalesce(nullif(p.loggedByService, ''), nullif(la.LoggedByService, '')) as service,
    operation(
        coalesce(
            nullif(p.activityDisplayName, ''),
            nullif(la.ActivityDisplayName, ''),
            nullif(e.operationName, ''),
            nullif(la.OperationName, '')
        )
    ) as action,
    case
        when result = 'success' then 'success' when result in ('failure', 'timeout') then 'failure' else 'unknown'
    end as outcome,
    case
        when result in ('failure', 'timeout') then coalesce(nullif(p.resultReason, ''), nullif(la.ResultReason, ''), result)
    end as error_code,
    false as is_read_only,
    coalesce(lower(nullif(actor_user.id, '')), actor_app_id) as principal_id,
    coalesce(nullif(actor_user.userPrincipalName, ''), nullif(actor_user.displayName, ''), actor_app_name) as principal_name,
    case
        when coalesce(nullif(actor_user.id, ''), nullif(actor_user.userPrincipalName, '')) is not null
        then 'user'
        when coalesce(actor_app_id, actor_app_name) is not null
        then 'service_principal'
    end as principal_kind,
    lower(nullif(actor_user.homeTenantId, '')) as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    null::varchar as token_id,
    null::boolean as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(nullif(actor_app.appId, '')) as app_id,
    null::varchar as device_id,
    coalesce(address(actor_user.ipAddress), address(e.callerIpAddress)) as source_ip,
    coalesce(nullif(p.userAgent, ''), nullif(detailed_user_agent, '')) as user_agent,
    null::varchar as country,
    null::bigint as asn,
    lower(nullif(target.id, '')) as target_id,
    coalesce(nullif(target.userPrincipalName, ''), nullif(target.displayName, '')) as target_name,
    lower(nullif(target.type, '')) as target_kind,
    null::varchar as target_tenant_id,
    -- the key that is in the new list and not in the old one
    lower(
        list_filter(
            regexp_extract_all(keys.newValue, 'KeyIdentifier=([0-9a-fA-F-]{36})', 1),
            lambda key_id: not contains(coalesce(keys.oldValue, ''), key_id)
        )[1]
    ) as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
