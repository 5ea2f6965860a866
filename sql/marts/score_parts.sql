-- The score of each reset as a sum: log-odds points, each with its reason. Grain: part_id. One part `prior` a reset.
-- points = points of the detection × rarity × confidence × novelty × repetition, to four decimals, so that sums do not
-- depend on the order of adding
with
    -- ranks leave a gap after equal times: a difference of ranks counts what is strictly earlier and another person's
    resets_before as (
        select
            resets.reset_id,
            rank() over (order by resets.occurred_at)
            - rank() over (partition by resets.person_id order by resets.occurred_at) as reset_count
        from int_resets as resets
    ),

    seen as (select distinct signals_in_reach.reset_id, signals_in_reach.detection from signals_in_reach),

    -- how often a detection was seen in the reach of earlier resets of this organisation
    history as (
        select
            seen.reset_id,
            seen.detection,
            resets_before.reset_count,
            rank() over (partition by seen.detection order by resets.occurred_at)
            - rank() over (partition by seen.detection, resets.person_id order by resets.occurred_at) as seen_count
        from seen
        inner join int_resets as resets using (reset_id)
        inner join resets_before using (reset_id)
    ),

    rated as (
        select
            history.*,
            detections.points as points_base,
            detections.control_domain,
            detections.title,
            -- the detection's own points say how rarely it is wrong (rate = e^-points); history corrects that
            (exp(- detections.points) * $pseudo_resets + history.seen_count) / ($pseudo_resets + history.reset_count) as rate
        from history
        inner join detections using (detection)
    ),

    factored as (
        select
            signals.*,
            rated.points_base,
            rated.control_domain,
            rated.title,
            rated.seen_count,
            rated.reset_count,
            least(greatest(- ln(rated.rate) / rated.points_base, 0), 1) as rarity,
            case
                when signals.thing_id is null
                then 1.0
                when signals.network_id is null
                then $novelty_unknown
                when by_person.network_id is not null or by_principal.network_id is not null
                then $novelty_known
                else 1.0
            end::double as novelty
        from signals_in_reach as signals
        inner join rated using (reset_id, detection)
        inner join int_resets as resets using (reset_id)
        left join
            int_baselines as by_person
            on resets.person_id = by_person.person_id
            and signals.network_id = by_person.network_id
            and by_person.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
        left join
            int_principal_networks as by_principal
            on signals.principal_id = by_principal.principal_id
            and signals.network_id = by_principal.network_id
            and by_principal.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
    ),

    ranked as (
        select
            factored.*,
            factored.points_base * factored.rarity * factored.confidence * factored.novelty as points_once,
            row_number() over (
                partition by factored.reset_id, factored.detection
                order by
                    factored.rarity * factored.confidence * factored.novelty desc,
                    factored.occurred_at,
                    factored.event_id,
                    factored.source
            ) as repetition_number
        from factored
    )

select
    ranked.reset_id,
    md5(concat_ws('|', ranked.reset_id, ranked.detection, ranked.source, ranked.tenant_id, ranked.event_id)) as part_id,
    ranked.control_domain,
    ranked.detection,
    ranked.event_id,
    ranked.source,
    ranked.tenant_id,
    ranked.thing_id,
    ranked.occurred_at,
    ranked.points_base,
    ranked.rarity,
    ranked.confidence,
    ranked.novelty,
    power(ranked.repetition_number, - $repetition_exponent) as repetition,
    round(ranked.points_once * power(ranked.repetition_number, - $repetition_exponent), 4) as points,
    rtrim(coalesce(ranked.why, ranked.title), '.') || case
        when ranked.rarity < 1
        then '; seen after ' || ranked.seen_count || ' of ' || ranked.reset_count || ' earlier resets here'
        else ''
    end
    || case when ranked.novelty = $novelty_known then '; from a network known before the reset' else '' end
    || case when ranked.confidence < 0.995 then '; path confidence ' || round(ranked.confidence, 2) else '' end
    || case when ranked.repetition_number > 1 then '; repetition ' || ranked.repetition_number else '' end as reason
from ranked
union all by name
select
    int_resets.reset_id,
    'prior' as part_id,
    int_resets.occurred_at,
    $prior_log_odds::double as points_base,
    $prior_log_odds::double as points,
    'before any signal: most resets are ordinary' as reason
from int_resets
