-- How complete each source is in the window of each reset: the share of the hours that always had events before which have
-- some now. Grain: reset_id, source. 0 for a source of which nothing is there while its sisters are; a source that nobody
-- here seems to have, none of its family being there, has no row.
with
    hours as (
        select
            int_log_coverage.source,
            int_log_coverage.hour,
            dayofweek(int_log_coverage.hour) * 24 + hour(int_log_coverage.hour) as slot
        from int_log_coverage
        group by all
    ),

    sources as (
        select families.source, min(hours.hour) as first_hour
        from source_families as families
        semi join
            (select source_families.family from hours inner join source_families using (source)) as present
            on families.family = present.family
        left join hours on families.source = hours.source
        group by families.source
    ),

    -- hours of the week that had events in every week of the look-back, at least twice
    slots as (
        select resets.reset_id, hours.source, hours.slot, count(*) as seen_count
        from int_resets as resets
        inner join hours on hours.hour < date_trunc('hour', resets.occurred_at) and hours.hour >= resets.occurred_at - $look_back
        group by resets.reset_id, hours.source, hours.slot
    ),

    expected as (
        select slots.reset_id, slots.source, slots.slot
        from slots
        inner join int_resets as resets using (reset_id)
        inner join sources using (source)
        where
            slots.seen_count >= 2
            and slots.seen_count
            >= floor(date_diff('hour', greatest(sources.first_hour, resets.occurred_at - $look_back), resets.occurred_at) / 168)
    ),

    asked as (
        select
            resets.reset_id,
            unnest(
                generate_series(
                    date_trunc('hour', resets.occurred_at), resets.occurred_at + $window - interval 1 hour, interval 1 hour
                )
            ) as hour
        from int_resets as resets
    ),

    shares as (
        select asked.reset_id, expected.source, avg(case when hours.hour is null then 0.0 else 1.0 end) as completeness
        from asked
        inner join
            expected on asked.reset_id = expected.reset_id and expected.slot = dayofweek(asked.hour) * 24 + hour(asked.hour)
        left join hours on expected.source = hours.source and asked.hour = hours.hour
        group by asked.reset_id, expected.source
    )

select
    resets.reset_id,
    sources.source,
    round(coalesce(shares.completeness, case when sources.first_hour is null then 0.0 else 1.0 end), 4)::double as completeness
from int_resets as resets
cross join sources
left join shares on resets.reset_id = shares.reset_id and sources.source = shares.source
