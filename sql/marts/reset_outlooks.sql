-- How ordinary each reset looks with the shipped weights alone, between 0 and 1: by so much it counts in the history that
-- others are weighed against. Grain: reset_id. The strongest signal of each detection, no repetition.
-- Three decimals, so that sums do not depend on the order of adding.
with
    strongest as (
        select weighed.reset_id, weighed.detection, max(weighed.points_alone) as points
        from weighed_signals as weighed
        where weighed.follows
        group by weighed.reset_id, weighed.detection
    ),

    sums as (
        select strongest.reset_id, sum(round(strongest.points, 4)::decimal(18, 4)) as points
        from strongest
        group by strongest.reset_id
    )

select
    resets.reset_id,
    resets.person_id,
    resets.occurred_at,
    (1 / (1 + exp($prior_log_odds + coalesce(sums.points, 0)::double)))::decimal(9, 3) as ordinary
from int_resets as resets
left join sums using (reset_id)
