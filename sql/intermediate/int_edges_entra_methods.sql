-- A sign-in method or a Temporary Access Pass, and the sessions whose sign-in says that it was satisfied by a method of that
-- kind. Grain: from_thing_id, to_thing_id. The record names the kind and not which phone or pass, so confidence is that of the
-- network.
with
    given_methods as (
        select
            given.to_thing_id,
            given.action,
            given.opens,
            given.network_id,
            given.occurred_at,
            case
                when given.opens = 'access_pass'
                then 'temporary access pass'
                when regexp_matches(lower(given.action || given.reason), 'fido|passkey|security key')
                then 'fido|passkey'
                when regexp_matches(lower(given.action || given.reason), 'hello')
                then 'hello'
                when regexp_matches(lower(given.reason), 'phone (number|call)|mobile phone|sms|text|voice|office')
                then 'text|sms|phone|voice|call'
                when regexp_matches(lower(given.action || given.reason), 'app|authenticator|passwordless|totp|oath|token')
                then 'app|authenticator|oath|token|passwordless'
            end as pattern,
            unnest(given.subject_ids) as name
        from int_given_things as given
        where given.opens in ('access_pass', 'method')
    ),

    sign_ins as (
        select
            given_methods.to_thing_id as from_thing_id,
            given_methods.action,
            given_methods.opens,
            given_methods.pattern,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            holders.principal_name,
            holders.thing_id,
            origins.kind as to_kind,
            case
                when holders.network_id = given_methods.network_id and not origins.is_shared_network
                then 'same'
                when origins.is_new_network
                then 'new'
                when origins.is_unusual_network
                then 'odd'
                else 'usual'
            end as relation
        from given_methods
        inner join
            int_event_holders as holders
            on given_methods.name = holders.principal_id
            and holders.source = 'entra_signin'
            and holders.outcome = 'success'
            and holders.occurred_at >= given_methods.occurred_at
            and holders.occurred_at < given_methods.occurred_at + interval 30 days
        inner join int_session_origins as origins on holders.thing_id = origins.thing_id
        where given_methods.pattern is not null
    )

select
    min(sign_ins.occurred_at) as occurred_at,
    sign_ins.from_thing_id,
    sign_ins.thing_id as to_thing_id,
    sign_ins.to_kind,
    'opens_session' as kind,
    max(opening_confidences.confidence) as confidence,
    arg_min(sign_ins.source, struct_pack(at := sign_ins.occurred_at, event_id := sign_ins.event_id)) as source,
    arg_min(sign_ins.tenant_id, struct_pack(at := sign_ins.occurred_at, event_id := sign_ins.event_id)) as tenant_id,
    arg_min(sign_ins.event_id, struct_pack(at := sign_ins.occurred_at, event_id := sign_ins.event_id)) as event_id,
    max(sign_ins.principal_name)
    || ' signed in with '
    || case when sign_ins.opens = 'access_pass' then 'a Temporary Access Pass' else 'a method of the kind that was added' end
    || ', '
    || min(opening_confidences.words) as why
from sign_ins
inner join
    events
    on sign_ins.source = events.source
    and sign_ins.event_id = events.event_id
    and sign_ins.occurred_at = events.occurred_at
    and sign_ins.tenant_id is not distinct from events.tenant_id
    and regexp_matches(
        lower(coalesce(events.raw ->> '$.properties.authenticationDetails', events.raw ->> '$.AuthenticationDetails')),
        '"authenticationmethod(detail)?"\s*:\s*"[^"]*(' || sign_ins.pattern || ')'
    )
inner join opening_confidences on sign_ins.opens = opening_confidences.opens and sign_ins.relation = opening_confidences.relation
group by sign_ins.from_thing_id, sign_ins.thing_id, sign_ins.to_kind, sign_ins.opens
