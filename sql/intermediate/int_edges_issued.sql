-- Credentials and sessions that an event brought into being: keys of STS, access keys, secrets of service principals, API
-- tokens, console sessions. Grain: from_thing_id, to_thing_id, kind, event.
with
    acts as (
        select * from int_event_holders where int_event_holders.outcome = 'success' and int_event_holders.thing_id is not null
    ),

    issued as (
        select
            acts.*,
            case
                when acts.source = 'aws_cloudtrail'
                then coalesce(aws_groups.thing_id, 'aws-key:' || acts.issued_credential_id)
                when acts.source = 'okta_system'
                then 'okta-token:' || acts.issued_credential_id
                else 'sp-credential:' || acts.issued_credential_id
            end as to_thing_id,
            case
                when starts_with(acts.action, 'AssumeRole') or acts.action = 'AssumeRoot'
                then 'assumes_role'
                when acts.source in ('entra_audit', 'm365_audit')
                then 'adds_secret'
                else 'issues_key'
            end as edge_kind
        from acts
        -- a temporary key may be of a sign-in session that outlives it
        left join
            int_aws_groups as aws_groups
            on acts.source = 'aws_cloudtrail'
            and starts_with(acts.issued_credential_id, 'ASIA')
            and 'aws-key:' || acts.issued_credential_id = aws_groups.group_id
        -- keys of applications: int_given_things
        where acts.issued_credential_id is not null and acts.source in ('aws_cloudtrail', 'okta_system')
    )

-- issued: temporary keys, access keys, secrets of service principals
select
    issued.occurred_at,
    issued.thing_id as from_thing_id,
    issued.to_thing_id,
    case
        when issued.edge_kind = 'assumes_role'
        then 'temporary_key'
        when issued.edge_kind = 'adds_secret'
        then 'service_principal_key'
        when issued.source = 'okta_system'
        then 'api_token'
        else 'access_key'
    end as to_kind,
    issued.edge_kind as kind,
    issued.confidence,
    issued.source,
    issued.tenant_id,
    issued.event_id,
    case
        issued.edge_kind
        when 'assumes_role'
        then 'assumed ' || coalesce(issued.target_id, 'a role')
        when 'adds_secret'
        then 'added a secret to ' || coalesce(issued.target_name, issued.target_id, 'a service principal')
        else issued.action || ' issued a key' || coalesce(' for ' || issued.target_name, '')
    end as why
from issued
union all by name
-- a role assumed in the console: the child is known by the role's id and its creation date only
select
    acts.occurred_at,
    acts.thing_id as from_thing_id,
    sessions.thing_id as to_thing_id,
    sessions.kind as to_kind,
    'assumes_role' as kind,
    0.95 * acts.confidence as confidence,
    acts.source,
    acts.tenant_id,
    acts.event_id,
    'assumed ' || coalesce(acts.target_id, 'a role') as why
from acts
inner join
    int_sessions as sessions
    on acts.issued_session_id = sessions.principal_id
    and sessions.kind = 'console_session'
    and sessions.started_at between acts.occurred_at - interval 2 seconds and acts.occurred_at + interval 2 seconds
union all by name
-- keys turned into a console session: the log ties the two by principal and time only
select
    acts.occurred_at,
    acts.thing_id as from_thing_id,
    sessions.thing_id as to_thing_id,
    sessions.kind as to_kind,
    'signs_in' as kind,
    0.9 * acts.confidence as confidence,
    acts.source,
    acts.tenant_id,
    acts.event_id,
    'made a console sign-in token, and the same principal was in the console within 15 minutes' as why
from acts
inner join
    int_sessions as sessions
    on acts.principal_id = sessions.principal_id
    and acts.tenant_id = sessions.tenant_id
    and sessions.kind = 'console_session'
    and sessions.first_used_at between acts.occurred_at and acts.occurred_at + interval 15 minutes
where acts.action = 'GetSigninToken'
