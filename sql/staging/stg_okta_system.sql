-- The Okta System Log as events. Grain: one landed record.
-- The session is the root session, which survives re-authentication; the external one stands where there is no root. The
-- target is the user or the group that was acted on; an application is `app_id`. `dtHash` is the hash of a cookie that stays in
-- a browser across sessions: it tells a device, so `token_id` has none. The country is a name in English, not a code.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "uuid": "VARCHAR", "published": "VARCHAR", "eventType": "VARCHAR", "actor": "JSON", "client": "JSON", "device": "JSON",
                    "outcome": "JSON", "target": "JSON", "debugContext": "JSON", "authenticationContext": "JSON", "securityContext": "JSON",
                    "request": "JSON", "transaction": "JSON", "domain": "VARCHAR", "domain_s": "VARCHAR"
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
            unwrapped(e.securityContext) ->> '$.asNumber' as as_number,
            unwrapped(unwrapped(e.debugContext) -> '$.debugData') as debug_data,
            unwrapped(unwrapped(e.transaction) -> '$.detail') as transaction_detail,
            unwrapped(unwrapped(e.request) -> '$.ipChain') as ip_chain,
            case
                json_type(unwrapped(e.target))
                when 'ARRAY'
                then json_extract(unwrapped(e.target), '$[*]')
                when 'OBJECT'
                then [unwrapped(e.target)]
                else []
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
            coalesce(
                list_filter(targets, lambda t: (t ->> '$.type') = 'Token')[1],
                list_filter(targets, lambda t:coalesce(t ->> '$.type', '') not in ('User', 'AppUser'))[1]
            ) as token,
            -- who made the call through the API did so with this token
            nullif(coalesce(transaction_detail ->> '$.requestApiTokenId', debug_data ->> '$.requestApiTokenId'), '') as api_token
        from opened
    )

select
    coalesce(nullif(e.uuid, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    utc(e.published) as occurred_at,
    null::timestamp as received_at,
    'okta' as provider,
    -- Sentinel's connector adds the domain; an address in the record tells it only where it is one of Okta's own
    lower(
        coalesce(
            nullif(regexp_extract(coalesce(nullif(e.domain, ''), e.domain_s), '^[\w.-]+$'), ''),
            nullif(
                regexp_extract(
                    debug_data ->> '$.url', '(?i)^https://([\w.-]+\.(?:okta|oktapreview|okta-emea|okta-gov)\.com)(?:[:/?]|$)', 1
                ),
                ''
            )
        )
    ) as tenant_id,
    null::varchar as region,
    'okta' as service,
    nullif(e.eventType, '') as action,
    case
        when result in ('success', 'allow')
        then 'success'
        when result in ('failure', 'deny', 'rate_limit', 'abandoned', 'unanswered')
        then 'failure'
        -- challenge, skipped, deferred, scheduled, unknown
        else 'unknown'
    end as outcome,
    case
        when result in ('failure', 'deny', 'rate_limit', 'abandoned', 'unanswered')
        then coalesce(nullif(outcome_parts[2], ''), outcome_parts[1])
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
        when 'client'
        then 'service_principal'
        when 'serviceaccount'
        then 'service_principal'
        when 'ip address'
        then 'anonymous'
    end as principal_kind,
    null::varchar as principal_tenant_id,
    api_token as credential_id,
    case
        when api_token is not null
        then 'api_token'
        else nullif(lower(regexp_replace(authentication[3], '[^A-Za-z0-9]+', '_', 'g')), '')
    end as credential_kind,
    session as session_id,
    null::timestamp as session_started_at,
    null::varchar as token_id,
    case
        -- Identity Engine calls the password a factor, too
        when
            e.eventType = 'user.authentication.auth_via_mfa'
            and result = 'success'
            and not starts_with(lower(coalesce(debug_data ->> '$.factor', '')), 'password')
            and len(list_filter(targets, lambda t:lower(t ->> '$.detailEntry.methodTypeUsed') = 'password')) = 0
        then true
        -- an ASSERTION is the word of another provider, which says nothing of a second factor
        when
            upper(authentication[3]) in ('OTP', 'SMS')
            and regexp_matches(e.eventType, '^user\.(authentication|session)\.')
            and result = 'success'
        then true
    end as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    coalesce(nullif(application ->> '$.id', ''), nullif(client[4], '')) as app_id,
    coalesce(
        nullif(unwrapped(e.device) ->> '$.id', ''),
        nullif(debug_data ->> '$.dtHash', ''),
        nullif(debug_data ->> '$.deviceFingerprint', '')
    ) as device_id,
    coalesce(
        address(client[1]), address(ip_chain ->> '$[0].ip'), address(ip_chain ->> '$[0].geographicalContext.ip')
    ) as source_ip,
    nullif(coalesce(client[2], case when not regexp_matches(client[6], '^[{\[]') then client[6] end), '') as user_agent,
    nullif(client[3], '') as country,
    try_cast(as_number as bigint) as asn,
    nullif(nullif(target ->> '$.id', ''), 'unknown') as target_id,
    coalesce(nullif(nullif(target ->> '$.alternateId', ''), 'unknown'), nullif(target ->> '$.displayName', '')) as target_name,
    nullif(
        lower(regexp_replace(regexp_replace(target ->> '$.type', '([a-z])([A-Z])', '\1_\2', 'g'), '\s+', '_', 'g')), ''
    ) as target_kind,
    null::varchar as target_tenant_id,
    case
        when e.eventType = 'system.api_token.create' and result = 'success' then nullif(token ->> '$.id', '')
    end as issued_credential_id,
    case when e.eventType = 'user.session.start' and result = 'success' then session end as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
