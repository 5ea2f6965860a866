-- One span of use of one session or credential: whose it is, when it began, when and how much it was used. Grain: thing_id.
-- started_at is what the log says (creationDate), else the first use; null for a bare principal, which is no session.
with
    holders as (
        select
            int_event_holders.*,
            struct_pack(
                -- who was vouched for is another principal than the session that he was given
                is_issue := int_event_holders.source = 'aws_cloudtrail'
                and int_event_holders.credential_id is null
                and int_event_holders.issued_credential_id is not null,
                at := int_event_holders.occurred_at,
                source := int_event_holders.source,
                event_id := int_event_holders.event_id
            ) as first_order
        from int_event_holders
        where int_event_holders.thing_id is not null and int_event_holders.outcome <> 'failure'
    ),

    first_uses as (
        select
            holders.thing_id,
            min(holders.provider) as provider,
            min(holders.tenant_id) as tenant_id,
            arg_min(holders.person_id, holders.first_order) as person_id,
            arg_min(holders.principal_id, holders.first_order) as principal_id,
            arg_min(holders.principal_name, holders.first_order) as principal_name,
            arg_min(holders.principal_kind, holders.first_order) as principal_kind,
            min(holders.credential_id) as credential_id,
            min(holders.app_id) as app_id,
            min(holders.issuer_id) as issuer_id,
            arg_min(holders.network_id, holders.first_order) as network_id,
            arg_min(holders.source_ip, holders.first_order) as source_ip,
            arg_min(holders.event_id, holders.first_order) as first_event_id,
            arg_min(holders.source, holders.first_order) as first_source,
            min(holders.session_started_at) as session_started_at,
            min(holders.occurred_at) as first_used_at,
            max(holders.occurred_at) as last_used_at,
            bool_or(holders.is_mfa) as is_mfa,
            -- the person is known from the session that this one was taken on with
            coalesce(bool_and(holders.is_inherited_person), false) as is_inherited,
            count(*) as event_count
        from holders
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
        when 'storage-token'
        then 'storage_token_use'
        else 'principal'
    end as kind,
    first_uses.* exclude (thing_id, session_started_at),
    case
        when
            split_part(first_uses.thing_id, ':', 1)
            in ('aws-principal', 'aws-account', 'aws-anyone', 'entra-user', 'entra-sp', 'okta-user')
        then null
        else coalesce(first_uses.session_started_at, first_uses.first_used_at)
    end as started_at
from first_uses
