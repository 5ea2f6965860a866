-- What an act gave in Entra or Okta, and the sessions that began with it: of the principal it made, the application it
-- let in, the person whose password it set. Grain: from_thing_id, to_thing_id.
-- The log does not say that a session began with that password, so the confidence is how much the network speaks for it; a
-- session from a network that the person always used is the person's, and makes no edge.
with
    subjects as (
        select
            given.to_thing_id, given.action, given.opens, given.network_id, given.occurred_at, unnest(given.subject_ids) as name
        from int_given_things as given
        where given.opens in ('principal', 'application', 'password')
    ),

    named as (
        select
            origins.*,
            unnest(
                list_distinct(
                    list_filter(
                        [
                            lower(origins.principal_id),
                            lower(origins.principal_name),
                            case when origins.principal_kind <> 'user' then origins.app_id end
                        ],
                        lambda name:name <> ''
                    )
                )
            ) as name
        from int_session_origins as origins
        where origins.provider <> 'aws' and not (origins.kind = 'principal' and origins.principal_kind = 'user')
    ),

    pairs as (
        select
            subjects.to_thing_id as from_thing_id,
            subjects.action,
            subjects.opens,
            subjects.occurred_at as given_at,
            named.* exclude (name),
            case
                when named.network_id = subjects.network_id and not named.is_shared_network
                then 'same'
                when named.is_new_network
                then 'new'
                when named.is_unusual_network
                then 'odd'
                else 'usual'
            end as relation
        from subjects
        inner join
            named
            on subjects.name = named.name
            and named.first_used_at >= subjects.occurred_at
            and named.first_used_at
            < subjects.occurred_at + case when subjects.opens = 'password' then interval 7 days else interval 30 days end
    )

select
    pairs.first_used_at as occurred_at,
    pairs.from_thing_id,
    pairs.thing_id as to_thing_id,
    pairs.kind as to_kind,
    'opens_session' as kind,
    max(opening_confidences.confidence) as confidence,
    pairs.first_source as source,
    pairs.tenant_id,
    pairs.first_event_id as event_id,
    coalesce(pairs.principal_name, pairs.principal_id)
    || ' acts '
    || arg_max(
        opening_confidences.words || ', after ' || pairs.action,
        struct_pack(confidence := opening_confidences.confidence, at := pairs.given_at, action := pairs.action)
    ) as why
from pairs
inner join opening_confidences on pairs.opens = opening_confidences.opens and pairs.relation = opening_confidences.relation
group by
    pairs.first_used_at,
    pairs.from_thing_id,
    pairs.thing_id,
    pairs.kind,
    pairs.first_source,
    pairs.tenant_id,
    pairs.first_event_id,
    pairs.principal_name,
    pairs.principal_id
