-- Console and portal sessions that another session was turned into. Grain: from_thing_id, to_thing_id, kind, event. No record
-- holds the ids of both ends: principal, person or address and the second tie them, and the confidence says how well.
with
    acts as (
        select *
        from int_event_holders as holders
        where
            holders.source = 'aws_cloudtrail'
            and holders.outcome = 'success'
            and holders.thing_id is not null
            and holders.action in ('SwitchRole', 'GetRoleCredentials', 'Federate', 'CreateOAuth2Token', 'GetSigninToken')
    ),

    sessions as (
        select sessions.*, aws_groups.identity_user_id
        from int_sessions as sessions
        left join int_aws_groups as aws_groups on sessions.thing_id = aws_groups.thing_id
        where sessions.provider = 'aws'
        qualify row_number() over (partition by sessions.thing_id order by aws_groups.identity_user_id) = 1
    )

-- a role switched to in the console: its session begins in that second, at the same address
select
    acts.occurred_at,
    acts.thing_id as from_thing_id,
    sessions.thing_id as to_thing_id,
    sessions.kind as to_kind,
    'assumes_role' as kind,
    0.9 * acts.confidence as confidence,
    acts.source,
    acts.tenant_id,
    acts.event_id,
    'switched in the console to '
    || coalesce(regexp_extract(sessions.issuer_id, '[^/]+$'), 'a role')
    || ', whose session begins in that second' as why
from acts
inner join
    sessions
    on acts.action = 'SwitchRole'
    and sessions.kind = 'console_session'
    and sessions.principal_kind = 'role'
    and acts.source_ip = sessions.source_ip
    and sessions.started_at between acts.occurred_at - interval 5 seconds and acts.occurred_at + interval 5 seconds
union all by name
-- keys that the portal of Identity Center gives out are hidden: the same person's session of a reserved role begins then
select
    sessions.first_used_at as occurred_at,
    acts.thing_id as from_thing_id,
    sessions.thing_id as to_thing_id,
    sessions.kind as to_kind,
    'assumes_role' as kind,
    0.8 * acts.confidence as confidence,
    acts.source,
    acts.tenant_id,
    acts.event_id,
    'inferred: '
    || acts.action
    || ', and a session of that user''s '
    || regexp_extract(sessions.issuer_id, '[^/]+$')
    || ' begins in that minute' as why
from acts
left join int_aws_groups as portals on acts.thing_id = portals.thing_id
inner join
    sessions
    on acts.action in ('GetRoleCredentials', 'Federate')
    and contains(sessions.issuer_id, 'AWSReservedSSO_')
    and (acts.person_id = sessions.person_id or portals.identity_user_id = sessions.identity_user_id)
    and sessions.started_at between acts.occurred_at - interval 10 seconds and acts.occurred_at + interval 60 seconds
where acts.thing_id <> sessions.thing_id
union all by name
-- a token of the command line's login: the record names the session that it opens
select
    acts.occurred_at,
    acts.thing_id as from_thing_id,
    'aws-session:' || acts.token_id as to_thing_id,
    'console_session' as to_kind,
    'signs_in' as kind,
    acts.confidence,
    acts.source,
    acts.tenant_id,
    acts.event_id,
    'CreateOAuth2Token opened a sign-in session' as why
from acts
where acts.action = 'CreateOAuth2Token' and acts.token_id is not null
union all by name
-- the shell of the console, and other clients it hands keys to: same principal, same creation date
select
    keys.first_used_at as occurred_at,
    consoles.thing_id as from_thing_id,
    keys.thing_id as to_thing_id,
    keys.kind as to_kind,
    'issues_key' as kind,
    0.9::double as confidence,
    keys.first_source as source,
    keys.tenant_id,
    keys.first_event_id as event_id,
    'a key with the principal and the creation date of this console session, as its shell gets' as why
from sessions as consoles
inner join
    sessions as keys
    on consoles.kind = 'console_session'
    and keys.kind = 'temporary_key'
    and consoles.principal_id = keys.principal_id
    and consoles.started_at = keys.started_at
    and keys.first_used_at >= consoles.first_used_at
