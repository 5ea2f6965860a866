-- What the person of a reset did in its window for the first time, facet by facet: a country, client, region, action, role,
-- secret or bucket that 30 days before it did not see. Grain: reset_id, facet, value; the event is the first use.
-- Somebody without a past has no firsts: everything would be one.
with
    pasts as (
        select resets.reset_id, resets.person_id, resets.person, resets.occurred_at as reset_at
        from int_resets as resets
        where
            exists (
                select 1
                from int_baselines as past
                where
                    past.person_id = resets.person_id
                    and past.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
            )
    ),

    values_before as (
        select pasts.reset_id, past.facet, count(*) as value_count
        from pasts
        inner join
            int_baselines as past
            on pasts.person_id = past.person_id
            and past.first_seen_at < pasts.reset_at - to_hours($known_for_hours::integer)
        group by pasts.reset_id, past.facet
    ),

    new_values as (
        select pasts.*, seen.facet, seen.value, values_before.value_count as known_count
        from pasts
        inner join
            int_baselines as seen
            on pasts.person_id = seen.person_id
            and seen.first_seen_at >= pasts.reset_at - to_hours($known_for_hours::integer)
        left join values_before on pasts.reset_id = values_before.reset_id and seen.facet = values_before.facet
        where seen.facet <> 'network' and seen.last_seen_at >= pasts.reset_at
    ),

    uses as (
        select
            new_values.*, facets.source, facets.tenant_id, facets.event_id, facets.occurred_at, facets.thing_id, facets.network_id
        from new_values
        inner join
            int_person_facets as facets
            on new_values.person_id = facets.person_id
            and new_values.facet = facets.facet
            and new_values.value = facets.value
        semi join reach on new_values.reset_id = reach.reset_id and facets.thing_id = reach.thing_id
        where facets.occurred_at >= new_values.reset_at and facets.occurred_at < new_values.reset_at + $window
    )

select
    uses.reset_id,
    uses.person,
    uses.facet,
    uses.value,
    coalesce(uses.known_count, 0) as known_count,
    min(uses.occurred_at) as occurred_at,
    arg_min(
        struct_pack(source := uses.source, tenant_id := uses.tenant_id, event_id := uses.event_id, thing_id := uses.thing_id),
        struct_pack(occurred_at := uses.occurred_at, source := uses.source, event_id := uses.event_id)
    ) as first_use,
    count(*) as use_count
from uses
group by uses.reset_id, uses.person, uses.facet, uses.value, uses.known_count
