-- The networks that each person has used successfully, with when, and since when they are known for the person's own.
-- Grain: person_id, network_id.
-- A network is the person's from the first use on where a device vouches for it that the person signed in with elsewhere
-- before, or where it is there from the beginning of the person's logs; else later by $unvouched_hours: who holds a stolen
-- token is there days before the reset.
with
    uses as (
        select
            holders.person_id,
            holders.network_id,
            min(holders.occurred_at) as first_seen_at,
            max(holders.occurred_at) as last_seen_at,
            count(*) as event_count
        from int_event_holders as holders
        where holders.person_id is not null and holders.network_id is not null and holders.outcome = 'success'
        group by holders.person_id, holders.network_id
    ),

    sign_ins as (
        select facets.person_id, facets.network_id, facets.value as device_id, min(facets.occurred_at) as first_at
        from int_person_facets as facets
        where facets.facet = 'device' and facets.network_id is not null
        group by facets.person_id, facets.network_id, facets.value
    ),

    vouched as (
        select distinct there.person_id, there.network_id
        from sign_ins as there
        inner join sign_ins as elsewhere using (person_id, device_id)
        where elsewhere.network_id <> there.network_id and elsewhere.first_at < there.first_at
    )

select
    uses.person_id,
    uses.network_id,
    uses.first_seen_at,
    uses.last_seen_at,
    uses.event_count,
    uses.first_seen_at + case
        when
            vouched.network_id is null
            and uses.first_seen_at
            >= min(uses.first_seen_at) over (partition by uses.person_id) + to_hours($unvouched_hours::integer)
        then to_hours($unvouched_hours::integer)
        else interval 0 hours
    end as known_since
from uses
left join vouched using (person_id, network_id)
