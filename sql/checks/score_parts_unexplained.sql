-- Score parts without a reason, without a detection of theirs, or with factors that no factor can have. Grain: part_id;
-- empty is good.
select score_parts.reset_id, score_parts.part_id, score_parts.detection, score_parts.points, score_parts.reason
from score_parts
left join detections using (detection)
where
    coalesce(score_parts.reason, '') = ''
    or (score_parts.part_id not in ('prior', 'spread') and detections.detection is null)
    or score_parts.points < case when score_parts.part_id = 'prior' then $prior_log_odds else 0 end
    or score_parts.points > coalesce(score_parts.points_before_cap, score_parts.points) + 0.00005
    or not coalesce(score_parts.rarity, 1) between 0 and 1
    or not coalesce(score_parts.confidence, 1) between 0 and 1
    or not coalesce(score_parts.novelty, 1) between 0 and 1
