-- Rights granted, trust widened, credentials given in Entra, Azure, Microsoft 365 and Okta: what each act ends in. Grain:
-- to_thing_id, kind, event. Whatever is used afterwards hangs on that by edges of its own. AWS: int_edges_aws_powers.
-- Who resets three people and more in the span or is known as a help desk, from where they always work, does so for a living:
-- what the people do with it is
-- theirs, and the reset of a desk agent does not reach everybody the desk served.
with
    desks as (
        select coalesce(persons.person_id, lower(given.principal_id)) as person_id
        from int_given_things as given
        left join int_identities as persons on lower(given.principal_id) = persons.alias
        where given.opens in ('password', 'access_pass', 'method') and not given.is_own
        group by 1
        having count(distinct given.whom) >= 3
        union
        select coalesce(persons.person_id, lower(resets.performed_by_id)) as person_id
        from int_resets as resets
        left join int_identities as persons on lower(resets.performed_by_id) = persons.alias
        where resets.is_help_desk
    )

select
    given.occurred_at,
    given.thing_id as from_thing_id,
    given.to_thing_id,
    given.to_kind,
    given.kind,
    given.confidence * case when desks.person_id is null or places.network_id is null then 1.0 else 0.15 end as confidence,
    given.source,
    given.tenant_id,
    given.event_id,
    given.why || case
        when desks.person_id is null or places.network_id is null
        then ''
        else ', as this identity does for many from the same place'
    end as why
from int_given_things as given
left join int_identities as actors on lower(given.principal_id) = actors.alias
left join
    desks
    on coalesce(actors.person_id, lower(given.principal_id)) = desks.person_id
    and given.opens in ('password', 'access_pass', 'method')
left join
    int_principal_networks as places
    on given.principal_id = places.principal_id
    and given.network_id = places.network_id
    and places.first_seen_at < given.occurred_at - to_hours($known_for_hours::integer)
