-- What is measured of each source and tenant, for expectations to be held against: of the new events where only_new is asked
-- for, else of all. A share of fewer than 20 events is null. Grain: source, tenant_id.
with
    hours as (
        select
            quality_hours.*,
            date_diff(
                'hour',
                lag(quality_hours.hour) over (
                    partition by quality_hours.source, quality_hours.tenant_id order by quality_hours.hour
                ),
                quality_hours.hour
            ) as hours_since_last
        from quality_hours
        where quality_hours.is_new or not $only_new
    ),

    measured as (
        select
            hours.source,
            hours.tenant_id,
            sum(hours.event_count)::bigint as event_count,
            sum(hours.event_id_missing_count)::bigint as event_id_missing_count,
            sum(hours.in_future_count)::bigint as in_future_count,
            sum(hours.before_cloud_count)::bigint as before_cloud_count,
            sum(hours.received_early_count)::bigint as received_early_count,
            sum(hours.received_count)::bigint as received_count,
            sum(hours.received_late_count)::bigint as received_late_count,
            sum(hours.taken_in_late_count)::bigint as taken_in_late_count,
            sum(hours.outcome_unknown_count)::bigint as outcome_unknown_count,
            sum(hours.principal_missing_count)::bigint as principal_missing_count,
            max(hours.newest_at) as newest_at,
            coalesce(max(hours.hours_since_last) filter (hours.newest_at is not null), 0) as longest_silence_hours
        from hours
        group by hours.source, hours.tenant_id
    ),

    doubled as (
        select duplicate_keys.source, duplicate_keys.tenant_id, count(*) as duplicate_key_count
        from duplicate_keys
        where duplicate_keys.is_new or not $only_new
        group by duplicate_keys.source, duplicate_keys.tenant_id
    ),

    unusual as (
        select
            unusual_hours.source,
            unusual_hours.tenant_id,
            count(*) filter (unusual_hours.kind = 'silent') as silent_hour_count,
            count(*) filter (unusual_hours.kind = 'flooded') as flooded_hour_count
        from unusual_hours
        where unusual_hours.is_new or not $only_new
        group by unusual_hours.source, unusual_hours.tenant_id
    )

select
    measured.source,
    measured.tenant_id,
    measured.event_count,
    measured.event_id_missing_count,
    coalesce(doubled.duplicate_key_count, 0) as duplicate_key_count,
    measured.in_future_count,
    measured.before_cloud_count,
    measured.received_early_count,
    coalesce(unusual.silent_hour_count, 0) as silent_hour_count,
    coalesce(unusual.flooded_hour_count, 0) as flooded_hour_count,
    greatest(date_diff('hour', measured.newest_at, $now) - measured.longest_silence_hours, 0) as overdue_hours,
    case when measured.event_count >= 20 then measured.outcome_unknown_count / measured.event_count end as outcome_unknown_share,
    case
        when measured.event_count >= 20 then measured.principal_missing_count / measured.event_count
    end as principal_missing_share,
    case
        when measured.received_count >= 20 then measured.received_late_count / measured.received_count
    end as received_late_share,
    case when measured.event_count >= 20 then measured.taken_in_late_count / measured.event_count end as taken_in_late_share
from measured
left join doubled on measured.source = doubled.source and measured.tenant_id is not distinct from doubled.tenant_id
left join unusual on measured.source = unusual.source and measured.tenant_id is not distinct from unusual.tenant_id
order by measured.source, measured.tenant_id
