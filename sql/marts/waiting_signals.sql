-- Signals about something that did not happen, which wait: their source is not complete past the window yet, so it may still be
-- told. Grain: reset_id, detection, source, tenant_id, event_id. A source that has no watermark makes nothing wait.
select
    signals.reset_id,
    signals.detection,
    signals.source,
    signals.tenant_id,
    signals.event_id,
    signals.thing_id,
    detections.waits_for,
    signals.occurred_at,
    watermarks.complete_until,
    resets.occurred_at + $window as complete_needed_at
from signals
inner join detections using (detection)
inner join int_resets as resets using (reset_id)
inner join watermarks using (source)
where detections.waits_for <> '' and watermarks.complete_until < resets.occurred_at + $window
