-- A sign-in to an application that is another cloud, and the session there of the same person shortly after. Grain:
-- from_thing_id, to_thing_id. No id passes from one log to the other: person and time tie the two, and the address if it is
-- the same. Okta names the application in the record alone, which is read only where the times agree.
with
    passes as (
        select holders.*
        from int_event_holders as holders
        where
            holders.person_id is not null
            and holders.outcome = 'success'
            and holders.confidence > 0.5
            and (
                (
                    holders.source in ('entra_signin', 'entra_signin_noninteractive')
                    and regexp_matches(lower(coalesce(holders.target_name, holders.service)), '\baws\b|amazon web services')
                )
                or (holders.source = 'okta_system' and holders.action = 'user.authentication.sso')
            )
    ),

    followed as (
        select
            passes.source as pass_source,
            passes.event_id as pass_event_id,
            passes.occurred_at as passed_at,
            passes.thing_id as from_thing_id,
            passes.confidence * case when passes.source_ip = origins.source_ip then 0.9 else 0.6 end as confidence,
            coalesce(passes.source_ip = origins.source_ip, false) as is_same_address,
            origins.*
        from passes
        inner join
            int_session_origins as origins
            on passes.person_id = origins.person_id
            and passes.provider <> origins.provider
            and origins.provider in ('aws', 'azure')
            and origins.kind in ('console_session', 'temporary_key', 'sign_in_session')
            and origins.started_at >= passes.occurred_at - interval 5 seconds
            and origins.started_at < passes.occurred_at + interval 5 minutes
    )

select
    followed.started_at as occurred_at,
    followed.from_thing_id,
    followed.thing_id as to_thing_id,
    followed.kind as to_kind,
    'signs_in' as kind,
    max(followed.confidence) as confidence,
    followed.first_source as source,
    followed.tenant_id,
    followed.first_event_id as event_id,
    'signed in to '
    || case followed.provider when 'aws' then 'AWS' else 'Microsoft' end
    || ' by single sign-on, and the same person was there within five minutes'
    || case when bool_or(followed.is_same_address) then ', from the same address' else ', from another address' end as why
from followed
inner join
    events
    on followed.pass_source = events.source
    and followed.pass_event_id = events.event_id
    and followed.passed_at = events.occurred_at
where
    followed.pass_source <> 'okta_system'
    or regexp_matches(
        lower(coalesce(events.raw ->> '$.target', '')),
        case followed.provider when 'aws' then '\baws\b|amazon' else 'office ?365|microsoft|azure|entra' end
    )
group by
    followed.started_at,
    followed.from_thing_id,
    followed.thing_id,
    followed.kind,
    followed.first_source,
    followed.tenant_id,
    followed.first_event_id,
    followed.provider
