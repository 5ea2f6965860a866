-- The sum of the parts as log-odds and as 0 to 100. Grain: reset_id.
select
    score_parts.reset_id,
    round(sum(score_parts.points), 4) as log_odds,
    -- never 100: a sum of reasons is no certainty
    least(round(100 / (1 + exp(- sum(score_parts.points))))::integer, 99) as score
from score_parts
group by score_parts.reset_id
