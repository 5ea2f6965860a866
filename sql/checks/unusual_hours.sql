-- Hours in which a source and tenant fell silent or were flooded, beside the same hour of the seven days before. Judged only
-- where all seven days have that hour, so that nights, weekends and young lakes are no finding. Grain: source, tenant_id, hour.
with
    -- each hour with events, and the one a day after it, which may have none
    hours as (
        select quality_hours.source, quality_hours.tenant_id, quality_hours.hour, quality_hours.event_count, quality_hours.is_new
        from quality_hours
        union all
        select quality_hours.source, quality_hours.tenant_id, quality_hours.hour + interval 1 day, 0, null
        from quality_hours
    ),

    counted as (
        select
            hours.source,
            hours.tenant_id,
            hours.hour,
            sum(hours.event_count)::bigint as event_count,
            coalesce(bool_or(hours.is_new), false) as is_new
        from hours
        group by hours.source, hours.tenant_id, hours.hour
    ),

    compared as (
        select
            counted.source,
            counted.tenant_id,
            counted.hour,
            counted.event_count,
            count(*) filter (counted.event_count > 0) over same_hour as day_count,
            min(counted.event_count) over same_hour as usual_from,
            max(counted.event_count) over same_hour as usual_to,
            max(counted.hour) filter (counted.event_count > 0) over tenant as last_hour,
            min(counted.hour) filter (counted.is_new) over tenant as first_new_hour,
            max(counted.hour) filter (counted.is_new) over tenant as last_new_hour
        from counted
        window
            same_hour as (
                partition by counted.source, counted.tenant_id, extract('hour' from counted.hour)
                order by counted.hour range between interval 7 days preceding and interval 1 day preceding
            ),
            tenant as (partition by counted.source, counted.tenant_id)
    )

select
    compared.source,
    compared.tenant_id,
    compared.hour,
    case when compared.event_count < compared.usual_from then 'silent' else 'flooded' end as kind,
    compared.event_count,
    compared.usual_from,
    compared.usual_to,
    coalesce(compared.hour between compared.first_new_hour and compared.last_new_hour, false) as is_new
from compared
where
    compared.day_count = 7
    and (
        -- the last hour may still be arriving
        (compared.event_count < compared.usual_from / 20 and compared.usual_from >= 50 and compared.hour < compared.last_hour)
        or (compared.event_count > compared.usual_to * 20 and compared.event_count >= 1000)
    )
