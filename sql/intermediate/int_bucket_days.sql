-- How many objects everybody together read from each bucket and storage account, day by day. Grain: bucket, day.
select
    case
        when events.source = 'azure_storage' then lower(events.target_name) else lower(split_part(events.target_id, '/', 1))
    end as bucket,
    date_trunc('day', events.occurred_at) as day,
    min(events.occurred_at) as first_at,
    count(*) as object_count
from events
where
    events.outcome = 'success'
    and (
        (
            events.source = 'aws_cloudtrail'
            and events.service = 's3.amazonaws.com'
            and events.action in ('GetObject', 'CopyObject', 'SelectObjectContent')
        )
        or (events.source = 'azure_storage' and events.action in ('GetBlob', 'CopyBlob', 'GetFile', 'Read'))
    )
    and events.occurred_at >= $since
    and events.occurred_at < $until
group by all
