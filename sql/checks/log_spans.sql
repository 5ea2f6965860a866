-- For each source and tenant with logs: how many events the window has, when they end, and the longest hole in the window beside
-- the longest before it. Grain: source, tenant_id.
with
    hours as (
        select
            int_log_coverage.source,
            int_log_coverage.tenant_id,
            int_log_coverage.hour,
            sum(int_log_coverage.event_count) as event_count
        from int_log_coverage
        group by all
    ),

    spaced as (
        select
            hours.*,
            lag(hours.hour) over tenant as last_before,
            date_diff('hour', lag(hours.hour) over tenant, hours.hour) as hours_since_last
        from hours
        window tenant as (partition by hours.source, hours.tenant_id order by hours.hour)
    )

select
    spaced.source,
    spaced.tenant_id,
    max(spaced.hour) + interval 1 hour as ends_at,
    coalesce(sum(spaced.event_count) filter (spaced.hour >= $from_hour and spaced.hour < $until), 0)::bigint as event_count,
    coalesce(max(spaced.hours_since_last), 0) as longest_silence_hours,
    coalesce(max(spaced.hours_since_last) filter (spaced.hour < $from_hour), 0) as longest_before_hours,
    count(distinct spaced.hour::date) filter (spaced.hour < $from_hour) as day_count_before,
    max(
        struct_pack(hours := spaced.hours_since_last, since := spaced.last_before + interval 1 hour, until := spaced.hour)
    ) filter (spaced.hour >= $from_hour and spaced.hour < $until and spaced.hours_since_last is not null) as longest_hole
from spaced
group by spaced.source, spaced.tenant_id
order by spaced.source, spaced.tenant_id
