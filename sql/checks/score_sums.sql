-- Resets whose parts do not add up to their score, or whose score is not within its band. Grain: reset_id; empty is good.
with
    sums as (
        select
            score_parts.reset_id,
            sum(score_parts.points) as points,
            count(*) filter (score_parts.part_id = 'prior') as prior_count
        from score_parts
        group by score_parts.reset_id
    )

select scores.reset_id, scores.log_odds, sums.points, scores.score_low, scores.score, scores.score_high, sums.prior_count
from scores
full join sums using (reset_id)
where
    abs(scores.log_odds - sums.points) > 0.00005
    or scores.log_odds is null
    or sums.prior_count is distinct from 1
    or not scores.score between scores.score_low and scores.score_high
    or not scores.score between 0 and 99
