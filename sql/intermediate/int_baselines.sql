-- What each person did successfully, facet by facet, with when: the past that "never before" is measured against.
-- Grain: person_id, facet, value.
select
    facets.person_id,
    facets.facet,
    facets.value,
    min(facets.occurred_at) as first_seen_at,
    max(facets.occurred_at) as last_seen_at,
    count(*) as event_count
from int_person_facets as facets
group by facets.person_id, facets.facet, facets.value
