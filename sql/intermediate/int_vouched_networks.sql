-- Networks new to the person of a reset for which a device vouches that the person had signed in with before: somebody
-- travels with a laptop. Interactive sign-ins only: a stolen token may carry the name of the device it was stolen from.
-- Grain: reset_id, network_id.
select distinct resets.reset_id, uses.network_id
from int_resets as resets
inner join
    int_person_facets as uses
    on resets.person_id = uses.person_id
    and uses.facet = 'device'
    and uses.occurred_at >= resets.occurred_at
    and uses.occurred_at < resets.occurred_at + $window
inner join
    int_baselines as known
    on uses.person_id = known.person_id
    and known.facet = 'device'
    and uses.value = known.value
    and known.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
where uses.network_id is not null
