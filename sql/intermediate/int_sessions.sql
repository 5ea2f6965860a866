-- One span of use of one session or credential: whose it is, when it began, when and how much it was used. Grain: thing_id.
-- started_at is what the log says (creationDate), else the first use; null for a bare principal, which is no session.
with
    first_uses as (
        select
            holders.thing_id,
            min(holders.provider) as provider,
            min(holders.tenant_id) as tenant_id,
            arg_min(holders.person_id, holders.occurred_at) as person_id,
            arg_min(holders.principal_id, holders.occurred_at) as principal_id,
            arg_min(holders.principal_name, holders.occurred_at) as principal_name,
            arg_min(holders.principal_kind, holders.occurred_at) as principal_kind,
            min(holders.credential_id) as credential_id,
            arg_min(holders.network_id, holders.occurred_at) as network_id,
            arg_min(holders.source_ip, holders.occurred_at) as source_ip,
            arg_min(holders.event_id, holders.occurred_at) as first_event_id,
            arg_min(holders.source, holders.occurred_at) as first_source,
            min(holders.session_started_at) as session_started_at,
            min(holders.occurred_at) as first_used_at,
            max(holders.occurred_at) as last_used_at,
            bool_or(holders.is_mfa) as is_mfa,
            count(*) as event_count
        from int_event_holders as holders
        where holders.thing_id is not null and holders.outcome <> 'failure'
        group by holders.thing_id
    )

select
    first_uses.thing_id,
    case
        split_part(first_uses.thing_id, ':', 1)
        when 'aws-session'
        then 'console_session'
        when 'aws-key'
        then case when contains(first_uses.thing_id, '@') then 'access_key_use' else 'temporary_key' end
        when 'entra-session'
        then 'sign_in_session'
        when 'okta-session'
        then 'sign_in_session'
        when 'okta-token'
        then 'api_token_use'
        when 'sp-credential'
        then 'service_principal_key_use'
        when 'storage-key'
        then 'storage_key_use'
        else 'principal'
    end as kind,
    first_uses.* exclude (thing_id, session_started_at),
    case
        when split_part(first_uses.thing_id, ':', 1) in ('aws-principal', 'entra-user', 'entra-sp', 'okta-user')
        then null
        else coalesce(first_uses.session_started_at, first_uses.first_used_at)
    end as started_at
from first_uses
