-- Events that an addendum of the batch corrects: CloudTrail sends the record again, whole, under a new id that names the old.
-- Grain: tenant_id, event_id.
-- Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html (addendum)
select distinct coalesce(staged.tenant_id, '') as tenant_id, staged.raw ->> '$.addendum.originalEventID' as event_id
from staged
where
    staged.source = 'aws_cloudtrail'
    and staged.occurred_at is not null
    and contains(staged.raw, '"originalEventID"')
    and (staged.raw ->> '$.addendum.originalEventID') <> staged.event_id
