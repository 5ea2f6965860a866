-- Events that replaced a credential of a person, with the person they were done to. Grain: event.
-- The subject is the target of the event; only where the record names no target and the act is one on oneself is it the caller.
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
                    or (events.action = 'Update user' and contains(events.raw, 'TemporaryAccessPass'))
                then 'temporary_access_pass'
                else reset_actions.kind
            end as kind,
            lower(
                coalesce(
                    events.raw ->> '$.properties.correlationId',
                    events.raw ->> '$.CorrelationId',
                    events.raw ->> '$.correlationId',
                    events.raw ->> '$.InterSystemsId'
                )
            ) as operation_id,
            -- who sets his own methods or password stands in the record once
            starts_with(lower(events.action), 'user ')
            or contains(lower(events.action), 'self-service')
            or lower(events.action) in ('change user password', 'confirmforgotpassword', 'changepassword') as is_own_act,
            lower(events.raw ->> '$.userIdentity.onBehalfOf.userId') as directory_user_id
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
                -- the root user acts on himself where no user is named
                when
                    candidates.service = 'signin.amazonaws.com'
                    or (
                        candidates.service = 'iam.amazonaws.com'
                        and candidates.principal_kind = 'root'
                        and candidates.target_id is null
                    )
                then 'arn:aws:iam::' || candidates.tenant_id || ':root'
                -- a role has no password or device of its own: without a user the record does not say whose it was
                when
                    candidates.service = 'iam.amazonaws.com'
                    and candidates.target_id is null
                    and candidates.principal_kind <> 'user'
                then null
                when candidates.service = 'iam.amazonaws.com'
                then
                    'arn:aws:iam::'
                    || candidates.tenant_id
                    || ':user/'
                    || lower(coalesce(candidates.target_id, candidates.principal_name))
                when candidates.service = 'ds.amazonaws.com'
                then
                    'aws-directory:'
                    || coalesce(candidates.raw ->> '$.requestParameters.directoryId', candidates.tenant_id)
                    || '/'
                    || lower(coalesce(candidates.target_name, candidates.target_id))
                -- names are hidden here, and one hidden name is not one person
                when candidates.service = 'cognito-idp.amazonaws.com'
                then 'cognito-user:' || lower(nullif(candidates.target_id, 'HIDDEN_DUE_TO_SECURITY_REASONS'))
                when candidates.service = 'sso-directory.amazonaws.com'
                then lower(coalesce(candidates.target_id, candidates.directory_user_id))
                when
                    candidates.source in ('entra_audit', 'm365_audit')
                    and candidates.target_kind is not null
                    and candidates.target_kind <> 'user'
                then null
                when candidates.source in ('entra_audit', 'm365_audit')
                then
                    lower(
                        coalesce(
                            candidates.target_id,
                            candidates.target_name,
                            case
                                when candidates.is_own_act and candidates.principal_kind = 'user' then candidates.principal_id
                            end
                        )
                    )
                -- the target may be a device or a factor, and then it is the caller's; a service has none of its own
                when candidates.source = 'okta_system' and candidates.target_kind is distinct from 'user'
                then case when candidates.principal_kind = 'user' then lower(candidates.principal_id) end
                else lower(coalesce(candidates.target_id, candidates.target_name))
            end as subject_id,
            nullif(
                case
                    when candidates.service = 'sso-directory.amazonaws.com' and candidates.target_name is null
                    then candidates.target_id
                    when candidates.source = 'aws_cloudtrail'
                    then coalesce(candidates.target_name, candidates.target_id, candidates.principal_name)
                    when candidates.source = 'okta_system' and candidates.target_kind is distinct from 'user'
                    then candidates.principal_name
                    when candidates.source in ('entra_audit', 'm365_audit') and candidates.target_id is not null
                    then coalesce(candidates.target_name, candidates.target_id)
                    else coalesce(candidates.target_name, candidates.principal_name)
                end,
                'HIDDEN_DUE_TO_SECURITY_REASONS'
            ) as subject_name
        from candidates
    ),

    resolved as (
        select
            subjects.*,
            coalesce(
                by_id.person_id,
                by_name.person_id,
                case when contains(subjects.subject_name, '@') then lower(subjects.subject_name) end,
                subjects.subject_id
            ) as own_person_id
        from subjects
        left join int_identities as by_id on subjects.subject_id = by_id.alias
        left join
            int_identities as by_name on lower(subjects.subject_name) = by_name.alias and subjects.source <> 'aws_cloudtrail'
        where subjects.subject_id is not null
    ),

    -- both audit logs of the directory write one operation, and one of them may name its user by id alone
    operations as (
        select resolved.operation_id, lower(resolved.action) as action, min(resolved.own_person_id) as person_id
        from resolved
        where
            resolved.source in ('entra_audit', 'm365_audit')
            and resolved.operation_id <> '00000000-0000-0000-0000-000000000000'
            and contains(resolved.own_person_id, '@')
        group by all
        having count(distinct resolved.own_person_id) = 1
    )

select
    resolved.source,
    resolved.tenant_id,
    resolved.event_id,
    resolved.occurred_at,
    resolved.provider,
    resolved.action,
    resolved.kind,
    case
        when resolved.kind = 'temporary_access_pass' and contains(lower(resolved.action), 'delete')
        then false
        else resolved.is_reset
    end as is_reset,
    resolved.subject_id,
    coalesce(resolved.subject_name, resolved.subject_id) as subject_name,
    coalesce(
        case
            when not contains(resolved.own_person_id, '@') and resolved.source in ('entra_audit', 'm365_audit')
            then operations.person_id
        end,
        resolved.own_person_id
    ) as person_id,
    resolved.principal_id as performed_by_id,
    coalesce(resolved.principal_name, resolved.principal_id) as performed_by,
    resolved.principal_kind as performed_by_kind,
    resolved.source_ip as performed_from,
    case
        when resolved.source in ('entra_audit', 'm365_audit')
        then
            nullif(
                regexp_extract(
                    lower(regexp_extract(resolved.raw, '(?i)\\?"roles\\?" *: *(\[[^\]]*\])', 1)),
                    '(help ?desk|authentication|password|user) administrator'
                ),
                ''
            )
    end as performer_role,
    case
        when regexp_matches(lower(resolved.principal_name), '^(sync_|adtoaadsyncserviceaccount)')
        then resolved.principal_name
        when resolved.source in ('entra_audit', 'm365_audit')
        then
            nullif(
                nullif(regexp_extract(resolved.raw, '(?i)"OnPremisesAgent\\?" *, *\\?"value\\?" *: *\\?"([^"\\]+)', 1), 'None'),
                ''
            )
    end as on_premises_agent,
    coalesce(
        contains(lower(resolved.action), 'self-service')
        or resolved.action in ('ConfirmForgotPassword', 'PasswordRecoveryCompleted'),
        false
    )
    or coalesce(resolved.app_id = '93625bc8-bfe2-437a-97e0-3d0060024faa', false)
    or coalesce(
        lower(resolved.principal_name) in ('microsoft password reset service', 'fim_password_service@support.onmicrosoft.com'),
        false
    ) as is_self_service,
    contains(lower(resolved.subject_name), '#ext#') as is_guest,
    case
        when resolved.action in ('PasswordRecoveryRequested', 'PasswordRecoveryCompleted', 'PasswordUpdated')
        then case when resolved.principal_kind = 'root' or resolved.principal_kind is null then false else true end
        when ends_with(resolved.subject_id, ':root')
        then resolved.principal_kind is distinct from 'root'
        when resolved.source = 'aws_cloudtrail' and resolved.service = 'iam.amazonaws.com'
        then
            resolved.principal_kind is distinct from 'user'
            or lower(resolved.principal_name) is distinct from lower(coalesce(resolved.target_id, resolved.principal_name))
        when resolved.service = 'sso-directory.amazonaws.com' and resolved.directory_user_id is not null
        then resolved.directory_user_id <> resolved.subject_id
        when resolved.service = 'cognito-idp.amazonaws.com'
        then starts_with(resolved.action, 'Admin')
        -- the reset service writes self-service resets in its own name
        when contains(lower(resolved.action), 'self-service') or starts_with(lower(resolved.action), 'user ')
        then false
        when resolved.app_id = '93625bc8-bfe2-437a-97e0-3d0060024faa'
        then false
        -- Okta's own name stands for its support and for self-service: by whom, this log does not say
        when
            resolved.source = 'okta_system'
            and (resolved.principal_kind is distinct from 'user' or lower(resolved.principal_name) = 'system@okta.com')
        then null
        when lower(resolved.principal_id) = resolved.subject_id
        then false
        -- the unified audit log may name one of the two by id and the other by UPN
        when
            (resolved.principal_id is null or resolved.source in ('m365_audit', 'okta_system'))
            and lower(resolved.principal_name) = lower(resolved.subject_name)
        then false
        when
            lower(resolved.principal_name) in ('microsoft password reset service', 'fim_password_service@support.onmicrosoft.com')
        then false
        -- directory synchronisation brings resets of another directory: by whom, this log does not say
        when
            resolved.source in ('entra_audit', 'm365_audit')
            and regexp_matches(lower(resolved.principal_name), '^(sync_|adtoaadsyncserviceaccount)')
        then null
        -- a service writes what somebody did through it in its own name: who that was is in the other rows of the episode
        when resolved.source in ('entra_audit', 'm365_audit') and resolved.principal_kind is distinct from 'user'
        then null
        else true
    end as by_somebody_else
from resolved
left join operations on resolved.operation_id = operations.operation_id and lower(resolved.action) = operations.action
