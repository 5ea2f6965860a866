-- What each signal of a reset says by itself, before the organisation's history and before its repetitions are looked at.
-- Grain: reset_id, detection, source, tenant_id, event_id.
-- follows: it happened after the reset, and is not one of the acts that make up the reset.
with
    -- without interactive sign-ins no device can vouch for a journey
    device_logs as (select count(*) filter (int_baselines.facet = 'device') = 0 as are_missing from int_baselines),

    placed as (
        select
            signals.*,
            detections.points as points_base,
            detections.control_domain,
            coalesce(families.family, signals.detection) as family,
            rtrim(coalesce(signals.why, detections.title), '.') as what,
            signals.occurred_at >= resets.occurred_at and not list_contains(resets.event_ids, signals.event_id) as follows,
            known_network.network_id is not null or known_to_principal.network_id is not null as is_known_network,
            vouched.network_id is not null as is_vouched_network,
            device_logs.are_missing
            and signals.person_id = resets.person_id
            and regexp_matches(signals.source, '^(entra_|m365_|graph_)') as is_unvouchable,
            signals.person_id is distinct from resets.person_id and here.network_id is not null as is_known_here,
            strange.thing_id is null
            and (
                signals.client is null or known_client.value is not null or client_of_principal.client is not null
            ) as is_known_client
        from signals_in_reach as signals
        inner join detections using (detection)
        inner join int_resets as resets using (reset_id)
        cross join device_logs
        left join signal_families as families on signals.detection = families.detection
        left join strange_things as strange on signals.reset_id = strange.reset_id and signals.thing_id = strange.thing_id
        left join
            int_vouched_networks as vouched on signals.reset_id = vouched.reset_id and signals.network_id = vouched.network_id
        left join
            (
                -- a network of many: two or three might be an intruder's, or their homes
                select uses.network_id, list_sort(list(uses.first_seen_at))[$many_principals::integer] as first_seen_at
                from int_principal_networks as uses
                group by uses.network_id
                having count(*) >= $many_principals
            ) as here
            on signals.network_id = here.network_id
            and here.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
        left join
            int_person_networks as known_network
            on resets.person_id = known_network.person_id
            and signals.network_id = known_network.network_id
            and known_network.known_since < resets.occurred_at - to_hours($known_for_hours::integer)
        left join
            int_principal_networks as known_to_principal
            on signals.person_id is distinct from resets.person_id
            and signals.principal_id = known_to_principal.principal_id
            and signals.network_id = known_to_principal.network_id
            and known_to_principal.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
        left join
            int_baselines as known_client
            on resets.person_id = known_client.person_id
            and known_client.facet = 'client'
            and signals.client = known_client.value
            and known_client.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
        left join
            int_principal_clients as client_of_principal
            on signals.principal_id = client_of_principal.principal_id
            and signals.client = client_of_principal.client
            and client_of_principal.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
    )

select
    placed.*,
    case
        when placed.thing_id is null and placed.network_id is null
        then 1.0
        when placed.network_id is null
        then $novelty_unknown
        when placed.is_known_network and placed.is_known_client
        then $novelty_known
        when placed.is_known_network
        then $novelty_known_network
        when placed.is_vouched_network
        then $novelty_vouched
        when placed.is_known_here
        then $novelty_known_here
        when placed.is_unvouchable
        then $novelty_unvouchable
        else 1.0
    end::double as novelty,
    placed.points_base * placed.confidence * novelty as points_alone
from placed
