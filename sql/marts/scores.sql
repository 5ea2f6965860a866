-- The sum of the parts as log-odds and as 0 to 100. Grain: reset_id.
select
    score_parts.reset_id,
    sum(score_parts.points) as log_odds,
    round(100 / (1 + exp(-sum(score_parts.points))))::integer as score
from score_parts
group by score_parts.reset_id
