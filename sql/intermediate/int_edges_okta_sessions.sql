-- An identity provider or an impersonation in Okta, and the sessions that began through it. Grain: from_thing_id, to_thing_id.
with
    through_provider as (
        select
            given.to_thing_id as from_thing_id,
            given.opens,
            given.subject,
            given.occurred_at as given_at,
            given.network_id as given_network_id,
            holders.*
        from int_given_things as given
        inner join
            int_event_holders as holders
            on holders.source = 'okta_system'
            and holders.action = 'user.authentication.auth_via_IDP'
            and holders.outcome <> 'failure'
            and given.tenant_id is not distinct from holders.tenant_id
            and list_contains(given.subject_ids, lower(holders.app_id))
            and holders.occurred_at >= given.occurred_at
        where given.opens = 'identity_provider'
    ),

    impersonated as (
        select
            given.to_thing_id as from_thing_id,
            given.opens,
            given.subject,
            given.occurred_at as given_at,
            given.network_id as given_network_id,
            holders.*
        from int_given_things as given
        inner join
            int_event_holders as holders
            on holders.source = 'okta_system'
            and starts_with(holders.action, 'user.session.')
            and holders.outcome <> 'failure'
            and list_contains(given.subject_ids, lower(holders.principal_id))
            and holders.occurred_at >= given.occurred_at
            and holders.occurred_at < given.occurred_at + interval 1 day
        where given.opens = 'impersonation'
    ),

    begun as (
        select *
        from through_provider
        union all by name
        select *
        from impersonated
    )

select
    min(begun.occurred_at) as occurred_at,
    begun.from_thing_id,
    begun.thing_id as to_thing_id,
    origins.kind as to_kind,
    case when begun.opens = 'impersonation' then 'impersonates' else 'opens_session' end as kind,
    max(opening_confidences.confidence) as confidence,
    arg_min(begun.source, struct_pack(at := begun.occurred_at, event_id := begun.event_id)) as source,
    arg_min(begun.tenant_id, struct_pack(at := begun.occurred_at, event_id := begun.event_id)) as tenant_id,
    arg_min(begun.event_id, struct_pack(at := begun.occurred_at, event_id := begun.event_id)) as event_id,
    case
        when begun.opens = 'impersonation'
        then 'a session of ' || begun.subject || ' began after the impersonation, '
        else
            max(coalesce(begun.target_name, begun.principal_name))
            || ' signed in through identity provider '
            || begun.subject
            || ', '
    end
    || min(opening_confidences.words) as why
from begun
inner join int_session_origins as origins on begun.thing_id = origins.thing_id and starts_with(origins.thing_id, 'okta-session:')
inner join
    opening_confidences
    on begun.opens = opening_confidences.opens
    and opening_confidences.relation = case
        when begun.network_id = begun.given_network_id and not origins.is_shared_network
        then 'same'
        when origins.is_new_network
        then 'new'
        when origins.is_unusual_network
        then 'odd'
        else 'usual'
    end
group by begun.from_thing_id, begun.thing_id, begun.opens, begun.subject, origins.kind
