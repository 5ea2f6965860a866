-- Another issuer that was trusted, for a domain or for one application, and the sign-ins that it vouched for afterwards.
-- Grain: from_thing_id, to_thing_id.
with
    domains as (
        select given.to_thing_id, given.occurred_at, given.network_id, lower(given.subject) as domain
        from int_given_things as given
        where given.opens = 'federation' and given.gives = 'trust'
    ),

    vouched as (
        select
            domains.to_thing_id as from_thing_id,
            domains.domain,
            origins.*,
            case
                when origins.network_id = domains.network_id and not origins.is_shared_network
                then 'same'
                when origins.is_new_network
                then 'new'
                when origins.is_unusual_network
                then 'odd'
                else 'usual'
            end as relation
        from domains
        inner join
            int_session_origins as origins
            on domains.domain = lower(split_part(origins.principal_name, '@', 2))
            and origins.kind = 'sign_in_session'
            and origins.provider = 'azure'
            and origins.first_used_at >= domains.occurred_at
            and origins.first_used_at < domains.occurred_at + interval 30 days
    )

select
    vouched.first_used_at as occurred_at,
    vouched.from_thing_id,
    vouched.thing_id as to_thing_id,
    vouched.kind as to_kind,
    'opens_session' as kind,
    opening_confidences.confidence,
    vouched.first_source as source,
    vouched.tenant_id,
    vouched.first_event_id as event_id,
    coalesce(vouched.principal_name, vouched.principal_id)
    || ' signed in by federation of '
    || vouched.domain
    || ' after it was changed, '
    || opening_confidences.words as why
from vouched
inner join opening_confidences on opening_confidences.opens = 'federation' and vouched.relation = opening_confidences.relation
inner join
    events
    on vouched.first_source = events.source
    and vouched.first_event_id = events.event_id
    and vouched.first_used_at = events.occurred_at
    and regexp_matches(
        events.raw, '(?i)"tokenIssuerType"\s*:\s*"ADFederationServices|"authenticationMethod(Detail)?[\\]*"\s*:\s*[\\]*"Federat'
    )
union all by name
-- a federated credential of an application or of a managed identity: by its id, else by its first use after it was added
select
    origins.first_used_at as occurred_at,
    given.to_thing_id as from_thing_id,
    origins.thing_id as to_thing_id,
    origins.kind as to_kind,
    'used_from' as kind,
    case when list_contains(given.federated_ids, origins.credential_id) then 0.95 else 0.8 end as confidence,
    origins.first_source as source,
    origins.tenant_id,
    origins.first_event_id as event_id,
    coalesce(origins.principal_name, origins.principal_id)
    || ' is signed in to by federation '
    || case
        when list_contains(given.federated_ids, origins.credential_id)
        then 'with that credential'
        else 'for the first time after a federated credential was added'
    end as why
from int_given_things as given
inner join
    int_session_origins as origins
    on origins.kind = 'service_principal_key_use'
    and origins.first_used_at >= given.occurred_at
    and (
        list_contains(given.subject_ids, origins.principal_id)
        or list_contains(given.subject_ids, origins.app_id)
        or given.resource = lower(origins.principal_name)
        or list_contains(given.federated_ids, origins.credential_id)
    )
inner join
    int_event_holders as holders
    on origins.first_source = holders.source
    and origins.first_event_id = holders.event_id
    and origins.thing_id = holders.thing_id
    and holders.credential_kind = 'federated_credential'
where given.gives = 'federated_credential'
