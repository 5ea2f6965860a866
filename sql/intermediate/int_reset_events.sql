-- Events that replaced a credential of a person, with the person they were done to. Grain: event.
-- The subject is the target of the event; only where the record names no target did the caller act on himself.
with
    candidates as (
        select
            events.*,
            reset_actions.is_reset,
            case
                when
                    regexp_matches(
                        lower(coalesce(events.raw ->> '$.properties.resultReason', events.raw ->> '$.ResultReason')),
                        'temporary ?access ?pass'
                    )
                then 'temporary_access_pass'
                else reset_actions.kind
            end as kind
        from events
        inner join
            reset_actions
            on events.source = reset_actions.source
            and lower(events.action) = lower(reset_actions.action)
            and (reset_actions.service is null or reset_actions.service = events.service)
        where
            events.outcome = 'success'
            and events.occurred_at >= $since
            and events.occurred_at < $until
            and (
                -- a directory update is an MFA change only if it names the methods; the phone app writes its own detail at
                -- every start
                events.action <> 'Update user'
                or regexp_matches(events.raw, 'StrongAuthentication(Method|Requirement|UserDetails)|TemporaryAccessPass')
            )
    ),

    subjects as (
        select
            candidates.*,
            case
                when candidates.source = 'aws_cloudtrail' and lower(candidates.target_id) in ('aws root user', 'root')
                then 'arn:aws:iam::' || candidates.tenant_id || ':root'
                when candidates.source = 'aws_cloudtrail' and candidates.service = 'iam.amazonaws.com'
                then
                    'arn:aws:iam::'
                    || candidates.tenant_id
                    || ':user/'
                    || lower(coalesce(candidates.target_id, candidates.principal_name))
                when candidates.service = 'signin.amazonaws.com'
                then 'arn:aws:iam::' || candidates.tenant_id || ':root'
                when
                    candidates.source in ('entra_audit', 'm365_audit')
                    and candidates.target_kind is not null
                    and candidates.target_kind <> 'user'
                then null
                -- the target may be a device or a factor, and then it is the caller's; a service has none of its own
                when candidates.source = 'okta_system' and candidates.target_kind is distinct from 'user'
                then case when candidates.principal_kind = 'user' then lower(candidates.principal_id) end
                else lower(coalesce(candidates.target_id, candidates.target_name, candidates.principal_id))
            end as subject_id,
            case
                when candidates.source = 'aws_cloudtrail'
                then coalesce(candidates.target_name, candidates.target_id, candidates.principal_name)
                when candidates.source = 'okta_system' and candidates.target_kind is distinct from 'user'
                then candidates.principal_name
                else coalesce(candidates.target_name, candidates.principal_name)
            end as subject_name
        from candidates
    )

select
    subjects.source,
    subjects.tenant_id,
    subjects.event_id,
    subjects.occurred_at,
    subjects.provider,
    subjects.action,
    subjects.kind,
    subjects.is_reset,
    subjects.subject_id,
    subjects.subject_name,
    coalesce(
        by_id.person_id,
        by_name.person_id,
        case when contains(subjects.subject_name, '@') then lower(subjects.subject_name) end,
        subjects.subject_id
    ) as person_id,
    subjects.principal_id as performed_by_id,
    coalesce(subjects.principal_name, subjects.principal_id) as performed_by,
    subjects.principal_kind as performed_by_kind,
    subjects.source_ip as performed_from,
    case
        when ends_with(subjects.subject_id, ':root')
        then subjects.principal_kind is distinct from 'root'
        when subjects.source = 'aws_cloudtrail' and subjects.service = 'iam.amazonaws.com'
        then
            subjects.principal_kind is distinct from 'user'
            or lower(subjects.principal_name) is distinct from lower(coalesce(subjects.target_id, subjects.principal_name))
        -- the reset service writes self-service resets in its own name
        when contains(lower(subjects.action), 'self-service') or starts_with(lower(subjects.action), 'user ')
        then false
        when subjects.app_id = '93625bc8-bfe2-437a-97e0-3d0060024faa'
        then false
        -- Okta's own name stands for its support and for self-service: by whom, this log does not say
        when
            subjects.source = 'okta_system'
            and (subjects.principal_kind is distinct from 'user' or lower(subjects.principal_name) = 'system@okta.com')
        then null
        when lower(subjects.principal_id) = subjects.subject_id
        then false
        -- the unified audit log may name one of the two by id and the other by UPN
        when
            (subjects.principal_id is null or subjects.source in ('m365_audit', 'okta_system'))
            and lower(subjects.principal_name) = lower(subjects.subject_name)
        then false
        when
            lower(subjects.principal_name) in ('microsoft password reset service', 'fim_password_service@support.onmicrosoft.com')
        then false
        -- directory synchronisation brings resets of another directory: by whom, this log does not say
        when
            subjects.source in ('entra_audit', 'm365_audit')
            and regexp_matches(lower(subjects.principal_name), '^(sync_|adtoaadsyncserviceaccount)')
        then null
        -- a service writes what somebody did through it in its own name: who that was is in the other rows of the episode
        when subjects.source in ('entra_audit', 'm365_audit') and subjects.principal_kind is distinct from 'user'
        then null
        else true
    end as by_somebody_else
from subjects
left join int_identities as by_id on subjects.subject_id = by_id.alias
left join int_identities as by_name on lower(subjects.subject_name) = by_name.alias and subjects.source <> 'aws_cloudtrail'
where subjects.subject_id is not null
