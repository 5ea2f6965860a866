-- What an owner must close: the signals of one reset in one control domain, where they weigh enough. Grain: reset_id,
-- control_domain.
-- score is what the reset would score with this control domain alone.
with
    sums as (
        select
            score_parts.reset_id,
            score_parts.control_domain,
            round(sum(score_parts.points), 4) as points,
            count(*) as signal_count,
            list_sort(list(distinct score_parts.detection)) as detections,
            min(score_parts.occurred_at) as first_at,
            max(score_parts.occurred_at) as last_at
        from score_parts
        where score_parts.control_domain is not null
        group by score_parts.reset_id, score_parts.control_domain
    ),

    closings as (
        select
            pairs.reset_id,
            pairs.control_domain,
            string_agg(detections.close_when, ' ' order by detections.points desc, detections.detection) as close_when
        from (select sums.reset_id, sums.control_domain, unnest(sums.detections) as detection from sums) as pairs
        inner join detections using (detection)
        group by pairs.reset_id, pairs.control_domain
    )

select
    sums.*,
    least(
        round(
            100
            * (1 / (1 + exp(- ($prior_log_odds + sums.points))) - 1 / (1 + exp(- $prior_log_odds)))
            / (1 - 1 / (1 + exp(- $prior_log_odds)))
        )::integer,
        99
    ) as score,
    closings.close_when
from sums
left join closings using (reset_id, control_domain)
where sums.points >= $finding_min_points
