-- The Okta System Log as events. Grain: one landed record.
-- The session is the root session, which survives re-authentication; the external one stands where there is no root. The
-- target is the user or the group that was acted on; an application is `app_id`.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "uuid": "VARCHAR", "published": "VARCHAR", "eventType": "VARCHAR", "actor": "JSON", "client": "JSON", "device": "JSON",
                    "outcome": "JSON", "target": "JSON", "debugContext": "JSON", "authenticationContext": "JSON", "securityContext": "JSON",
                    "request": "JSON", "transaction": "JSON", "dvc_org": "VARCHAR"
                }'
            ) as e
        from landed
        where landed.source = 'okta_system'
    ),

    opened as (
        select
            parsed.*,
            json_extract_string(unwrapped(e.actor), ['$.id', '$.alternateId', '$.type', '$.displayName']) as actor,
            json_extract_string(
                unwrapped(e.client),
                ['$.ipAddress', '$.userAgent.rawUserAgent', '$.geographicalContext.country', '$.id', '$.device.id', '$.userAgent']
            ) as client,
            json_extract_string(unwrapped(e.outcome), ['$.result', '$.reason']) as outcome_parts,
            json_extract_string(
                unwrapped(e.authenticationContext),
                ['$.rootSessionId', '$.externalSessionId', '$.credentialType', '$.credentialProvider', '$.authenticationStep']
            ) as authentication,
            json_extract_string(unwrapped(e.securityContext), ['$.asNumber', '$.userBehaviors']) as security,
            unwrapped(unwrapped(e.debugContext) -> '$.debugData') as debug_data,
            case
                when json_type(unwrapped(e.target)) = 'ARRAY' then json_extract(unwrapped(e.target), '$[*]') else []
            end as targets
        from parsed
    ),

    shaped as (
        select
            opened.*,
            lower(outcome_parts[1]) as result,
            nullif(
                coalesce(nullif(nullif(authentication[1], ''), 'unknown'), nullif(authentication[2], '')), 'unknown'
            ) as session,
            coalesce(
                list_filter(targets, lambda t: (t ->> '$.type') = 'User')[1],
                list_filter(targets, lambda t: (t ->> '$.type') = 'AppUser')[1],
                list_filter(targets, lambda t: (t ->> '$.type') not in ('AppInstance', 'PolicyEntity', 'PolicyRule'))[1],
                targets[1]
            ) as target,
            list_filter(targets, lambda t: (t ->> '$.type') = 'AppInstance')[1] as application,
            list_filter(targets, lambda t: (t ->> '$.type') in ('Token', 'ApiToken', 'access_token', 'APIToken'))[1] as token
        from opened
    )

select
    coalesce(nullif(e.uuid, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    utc(e.published) as occurred_at,
    null::timestamp as received_at,
    'okta' as provider,
    nullif(coalesce(e.dvc_org, regexp_extract(debug_data ->> '$.url', '^https?://([^/:?]+)', 1)), '') as tenant_id,
    null::varchar as region,
    'okta' as service,
    nullif(e.eventType, '') as action,
    case
        when result in ('success', 'allow')
        then 'success'
        when result in ('failure', 'deny', 'abandoned', 'rate_limit', 'blocked')
        then 'failure'
        else 'unknown'
    end as outcome,
    case
        when result in ('failure', 'deny', 'abandoned', 'rate_limit', 'blocked') then coalesce(outcome_parts[2], result)
    end as error_code,
    null::boolean as is_read_only,
    nullif(nullif(actor[1], ''), 'unknown') as principal_id,
    nullif(nullif(actor[2], ''), 'unknown') as principal_name,
    case
        lower(actor[3])
        when 'user'
        then 'user'
        when 'systemprincipal'
        then 'service'
        when 'publicclientapp'
        then 'service_principal'
        when 'confidentialclientapp'
        then 'service_principal'
        when 'serviceaccount'
        then 'service_principal'
    end as principal_kind,
    null::varchar as principal_tenant_id,
    nullif(coalesce(debug_data ->> '$.tokenId', debug_data ->> '$.apiTokenId'), '') as credential_id,
    case
        when nullif(coalesce(debug_data ->> '$.tokenId', debug_data ->> '$.apiTokenId'), '') is not null then 'api_token'
    end as credential_kind,
    session as session_id,
    null::timestamp as session_started_at,
    nullif(debug_data ->> '$.dtHash', '') as token_id,
    case
        -- Identity Engine calls the password a factor, too
        when
            e.eventType = 'user.authentication.auth_via_mfa'
            and result = 'success'
            and len(list_filter(targets, lambda t:lower(t ->> '$.detailEntry.methodTypeUsed') = 'password')) = 0
        then true
        when
            regexp_matches(authentication[3], '(?i)^(otp|sms|email|assertion|push|webauthn|u2f|token|signed_nonce|call)$')
            and result = 'success'
        then true
    end as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    nullif(coalesce(application ->> '$.id', client[4]), '') as app_id,
    nullif(coalesce(unwrapped(e.device) ->> '$.id', debug_data ->> '$.deviceFingerprint'), '') as device_id,
    coalesce(address(client[1]), address(unwrapped(e.request) ->> '$.ipChain[0].ip')) as source_ip,
    coalesce(client[2], case when not starts_with(client[6], '{') then client[6] end) as user_agent,
    nullif(client[3], '') as country,
    try_cast(security[1] as bigint) as asn,
    nullif(nullif(target ->> '$.id', ''), 'unknown') as target_id,
    coalesce(nullif(nullif(target ->> '$.alternateId', ''), 'unknown'), target ->> '$.displayName') as target_name,
    lower(regexp_replace(target ->> '$.type', '([a-z])([A-Z])', '\1_\2', 'g')) as target_kind,
    null::varchar as target_tenant_id,
    case
        when e.eventType = 'system.api_token.create' then coalesce(token ->> '$.id', target ->> '$.id')
    end as issued_credential_id,
    case when e.eventType = 'user.session.start' and result = 'success' then session end as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
