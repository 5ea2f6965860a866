-- What is measured of the events of each source, for expectations to be held against. Grain: source. `events` holds the rows
-- that are looked at: those of one period of arrival, or all.
with
    keyed as (
        select
            events.source,
            events.event_id,
            events.occurred_at,
            events.received_at,
            events.ingested_at,
            events.outcome,
            coalesce(events.principal_id, events.principal_name) as principal,
            case
                when events.source = 'aws_cloudtrail'
                then coalesce(events.tenant_id, '')
                when starts_with(events.source, 'entra_signin')
                then coalesce(events.token_id, '')
                else ''
            end as discriminator
        from events
        where events.ingested_at >= $since
    ),

    hours as (
        select keyed.source, date_trunc('hour', keyed.occurred_at) as hour, count(*) as event_count from keyed group by all
    ),

    -- an hour beside the same hour of the seven days before it, where three of them at least have logs
    compared as (
        select
            hours.source,
            hours.hour,
            hours.event_count,
            avg(hours.event_count) over same_hour as usual_count,
            count(*) over same_hour as day_count
        from hours
        window
            same_hour as (
                partition by hours.source, extract('hour' from hours.hour)
                order by hours.hour range between interval 7 days preceding and interval 1 day preceding
            )
    ),

    unusual as (
        select
            compared.source,
            count(*) filter (
                compared.event_count > 20 * compared.usual_count or compared.event_count < compared.usual_count / 20
            ) as unusual_hour_count
        from compared
        where compared.day_count >= 3 and compared.usual_count >= 50
        group by compared.source
    )

select
    keyed.source,
    count(*) as event_count,
    avg((coalesce(keyed.event_id, '') = '')::integer) as event_id_missing_share,
    count(*) - count(distinct hash(keyed.event_id, keyed.occurred_at, keyed.discriminator)) as duplicate_key_count,
    count(*) filter (
        keyed.occurred_at > coalesce(keyed.received_at, keyed.ingested_at) + interval 1 hour
        or keyed.occurred_at > $now + interval 1 hour
    ) as in_future_count,
    count(*) filter (keyed.occurred_at < timestamp '2006-01-01') as before_cloud_count,
    avg((coalesce(keyed.outcome, 'unknown') = 'unknown')::integer) as outcome_unknown_share,
    avg((keyed.principal is null)::integer) as principal_missing_share,
    date_diff('minute', max(keyed.occurred_at), $now) / 60 as newest_age_hours,
    quantile_cont(date_diff('second', keyed.occurred_at, keyed.received_at) / 3600, 0.95) filter (
        keyed.received_at is not null
    ) as delivery_lag_hours,
    coalesce(any_value(unusual.unusual_hour_count), 0) as unusual_hour_count
from keyed
left join unusual using (source)
group by keyed.source
order by keyed.source
