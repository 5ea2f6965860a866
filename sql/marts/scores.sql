-- The sum of the parts as log-odds and as 0 to 100, with the band in which it could be off. Grain: reset_id.
-- 0 is what a reset scores after which nothing was seen, 100 would be certainty and is never given.
with
    sums as (
        select score_parts.reset_id, round(sum(score_parts.points), 4) as log_odds from score_parts group by score_parts.reset_id
    ),

    bands as (
        select
            bands.reset_id,
            round(coalesce(sum(bands.points) filter (bands.kind = 'doubtful'), 0), 4) as doubtful_points,
            round(coalesce(sum(bands.points) filter (bands.kind = 'hidden'), 0), 4) as hidden_points
        from score_bands as bands
        group by bands.reset_id
    ),

    ranges as (
        select
            sums.reset_id,
            sums.log_odds,
            greatest(sums.log_odds + coalesce(bands.doubtful_points, 0), $prior_log_odds) as log_odds_low,
            sums.log_odds + coalesce(bands.hidden_points, 0) as log_odds_high,
            1 / (1 + exp(- $prior_log_odds)) as prior_chance
        from sums
        left join bands using (reset_id)
    )

select
    ranges.reset_id,
    ranges.log_odds,
    ranges.log_odds_low,
    ranges.log_odds_high,
    least(
        round(100 * (1 / (1 + exp(- ranges.log_odds)) - ranges.prior_chance) / (1 - ranges.prior_chance))::integer, 99
    ) as score,
    least(
        round(100 * (1 / (1 + exp(- ranges.log_odds_low)) - ranges.prior_chance) / (1 - ranges.prior_chance))::integer, 99
    ) as score_low,
    least(
        round(100 * (1 / (1 + exp(- ranges.log_odds_high)) - ranges.prior_chance) / (1 - ranges.prior_chance))::integer, 99
    ) as score_high
from ranges
