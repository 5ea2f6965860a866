-- What is measured of each source and tenant in each hour, of the new events (one batch, or what arrived since a time) and of
-- the others. Grain: source, tenant_id, hour, is_new.
with
    flagged as (
        select
            events.*,
            events.occurred_at > events.ingested_at + interval 1 hour as is_in_future,
            coalesce(starts_with(events.batch_id, $batch_id), events.ingested_at >= $arrived_since, false) as is_new
        from events
    )

select
    flagged.source,
    flagged.tenant_id,
    date_trunc('hour', flagged.occurred_at) as hour,
    flagged.is_new,
    count(*) as event_count,
    count(*) filter (coalesce(flagged.event_id, '') = '') as event_id_missing_count,
    count(*) filter (flagged.is_in_future) as in_future_count,
    count(*) filter (flagged.occurred_at < timestamp '2006-01-01') as before_cloud_count,
    count(*) filter (flagged.received_at < flagged.occurred_at - interval 1 hour) as received_early_count,
    count(flagged.received_at) as received_count,
    count(*) filter (flagged.received_at > flagged.occurred_at + interval 1 day) as received_late_count,
    count(*) filter (flagged.ingested_at > flagged.occurred_at + interval 1 day) as taken_in_late_count,
    count(*) filter (coalesce(flagged.outcome, 'unknown') = 'unknown') as outcome_unknown_count,
    count(*) filter (flagged.principal_id is null and flagged.principal_name is null) as principal_missing_count,
    max(flagged.occurred_at) filter (not flagged.is_in_future) as newest_at
from flagged
group by all
