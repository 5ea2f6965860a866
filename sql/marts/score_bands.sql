-- How far the score of each reset could be off. Grain: reset_id, kind, control_domain.
-- `hidden` raises it: what a domain could have given, had its detections had whole logs to look at. `doubtful` lowers it: the
-- part of the points that rests on paths which are inferred, and on newness while the logs go back too short to know.
with
    visible as (
        select completeness.reset_id, sources.detection, max(completeness.completeness) as completeness
        from detection_sources as sources
        inner join int_log_completeness as completeness using (source)
        group by completeness.reset_id, sources.detection
    ),

    given as (
        select score_parts.reset_id, score_parts.control_domain, sum(score_parts.points) as points
        from score_parts
        where score_parts.control_domain is not null
        group by score_parts.reset_id, score_parts.control_domain
    ),

    hidden as (
        select
            visible.reset_id,
            detections.control_domain,
            least(
                any_value($hidden_points)
                * sum(detections.points * (1 - visible.completeness))
                / nullif(sum(detections.points), 0),
                any_value(domains.cap_points - coalesce(given.points, 0))
            ) as points
        from visible
        inner join detections using (detection)
        inner join control_domains as domains using (control_domain)
        left join given on visible.reset_id = given.reset_id and detections.control_domain = given.control_domain
        group by visible.reset_id, detections.control_domain
    ),

    pasts as (
        select resets.reset_id, date_diff('day', min(coverage.hour), any_value(resets.occurred_at)) as day_count
        from int_resets as resets
        inner join int_log_coverage as coverage on coverage.hour < resets.occurred_at
        group by resets.reset_id
    ),

    doubtful as (
        select
            parts.reset_id,
            parts.control_domain,
            - sum(
                parts.points * (
                    1
                    - parts.confidence
                    * case
                        when parts.novelty = 1 and parts.thing_id is not null and coalesce(pasts.day_count, 0) < $short_past_days
                        then $novelty_unknown
                        else 1
                    end
                )
            ) as points
        from score_parts as parts
        left join pasts using (reset_id)
        where parts.control_domain is not null
        group by parts.reset_id, parts.control_domain
    )

select hidden.reset_id, 'hidden' as kind, hidden.control_domain, round(hidden.points, 4)::double as points
from hidden
where round(hidden.points, 4) > 0
union all by name
select doubtful.reset_id, 'doubtful' as kind, doubtful.control_domain, round(doubtful.points, 4)::double as points
from doubtful
where round(doubtful.points, 4) < 0
