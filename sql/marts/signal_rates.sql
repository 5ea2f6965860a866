-- How often a detection was seen after earlier resets of this organisation, and how rare that makes it. Grain: reset_id,
-- detection.
-- Earlier resets are those of other people, in this hunt or kept from hunts before (past_resets, past_signals). One counts
-- by how ordinary it looks with the shipped weights: an attack of last month must not make this month's look usual.
-- rate: Beta with the shipped rate e^-points as its prior, worth $pseudo_resets resets; rarity: what is left of the points.
with
    counted_resets as (
        select outlooks.reset_id, outlooks.person_id, outlooks.occurred_at, outlooks.ordinary
        from reset_outlooks as outlooks
        union all by name
        select
            past_resets.reset_id, past_resets.person_id, past_resets.occurred_at, past_resets.ordinary::decimal(9, 3) as ordinary
        from past_resets
        anti join int_resets using (reset_id)
    ),

    -- strictly earlier, and another person's
    resets_before as (
        select
            resets.reset_id,
            coalesce(sum(resets.ordinary) over everybody, 0) - coalesce(sum(resets.ordinary) over same_person, 0) as reset_count
        from counted_resets as resets
        window
            everybody as (order by resets.occurred_at range between unbounded preceding and interval 1 microsecond preceding),
            same_person as (
                partition by resets.person_id
                order by resets.occurred_at
                range between unbounded preceding and interval 1 microsecond preceding
            )
    ),

    seen as (
        select resets.reset_id, resets.person_id, resets.occurred_at, resets.ordinary, signals.detection
        from
            (
                select distinct weighed_signals.reset_id, weighed_signals.detection
                from weighed_signals
                union
                select past_signals.reset_id, past_signals.detection
                from past_signals
                anti join int_resets using (reset_id)
            ) as signals
        inner join counted_resets as resets using (reset_id)
    ),

    seen_before as (
        select
            seen.reset_id,
            seen.detection,
            coalesce(sum(seen.ordinary) over everybody, 0) - coalesce(sum(seen.ordinary) over same_person, 0) as seen_count
        from seen
        window
            everybody as (
                partition by seen.detection
                order by seen.occurred_at
                range between unbounded preceding and interval 1 microsecond preceding
            ),
            same_person as (
                partition by seen.detection, seen.person_id
                order by seen.occurred_at
                range between unbounded preceding and interval 1 microsecond preceding
            )
    )

select
    seen_before.reset_id,
    seen_before.detection,
    resets_before.reset_count::double as reset_count,
    seen_before.seen_count::double as seen_count,
    (exp(- detections.points) * $pseudo_resets + seen_before.seen_count::double)
    / ($pseudo_resets + resets_before.reset_count::double) as rate,
    least(greatest(- ln(rate) / nullif(detections.points, 0), 0), 1) as rarity
from seen_before
inner join resets_before using (reset_id)
inner join detections using (detection)
inner join int_resets using (reset_id)
