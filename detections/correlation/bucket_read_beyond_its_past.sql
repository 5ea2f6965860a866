/*
title: Far more read from a bucket or storage account than on any day before
id: 244caf9c-4dab-4481-b253-edc618187993
name: bucket_read_beyond_its_past
status: test
description: |
    Detects a day after the reset on which reached holders read more from one bucket or storage account than
    everybody together did on its best day before.
    It matters because a reader without a past is judged by the data instead: what was never read so much is being
    taken.
references:
    - https://attack.mitre.org/techniques/T1530/
author: postreset
date: 2026-11-23
tags: [attack.collection, attack.t1530]
falsepositives:
    - A migration, a restore or a first analytics run over it. A ticket names the bucket.
level: medium
control_domain: data_access
points: 1.25
close_when: What was read is listed and its owner informed, and the holders that read it are dead.
csf: [DE.AE-04, PR.DS-01]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    min_objects:
        default: 100
        unit: objects in a day
        reason: below it a person browses
    factor:
        default: 3
        unit: times the best day before
        reason: busy days happen; three times the best of them is another kind of day
*/
-- One signal per bucket or storage account. Grain: reset_id, bucket.
with
    reads as (
        select
            holders.*,
            case
                when holders.source = 'azure_storage'
                then lower(holders.target_name)
                else lower(split_part(holders.target_id, '/', 1))
            end as bucket
        from int_event_holders as holders
        where
            holders.outcome = 'success'
            and (
                (
                    holders.source = 'aws_cloudtrail'
                    and holders.service = 's3.amazonaws.com'
                    and holders.action in ('GetObject', 'CopyObject', 'SelectObjectContent')
                )
                or (holders.source = 'azure_storage' and holders.action in ('GetBlob', 'CopyBlob', 'GetFile', 'Read'))
            )
    ),

    days as (
        select bucket_days.bucket, bucket_days.day, sum(bucket_days.object_count)::bigint as object_count
        from int_bucket_days as bucket_days
        group by bucket_days.bucket, bucket_days.day
    ),

    reached as (
        select
            reach.reset_id,
            reads.*,
            count(*) over (partition by reach.reset_id, reads.bucket, date_trunc('day', reads.occurred_at)) as day_object_count,
            row_number() over (
                partition by reach.reset_id, reads.bucket, date_trunc('day', reads.occurred_at)
                order by reads.occurred_at, reads.source, reads.event_id
            ) as object_number,
            resets.occurred_at as reset_at
        from reach
        inner join int_resets as resets using (reset_id)
        inner join
            reads
            on reach.thing_id = reads.thing_id
            and reads.occurred_at >= greatest(reach.first_reached_at, resets.occurred_at)
            and reads.occurred_at < resets.occurred_at + cast($window as interval)
    ),

    pasts as (
        select reached_buckets.reset_id, reached_buckets.bucket, coalesce(max(days.object_count), 0) as object_count
        from (select distinct reached.reset_id, reached.reset_at, reached.bucket from reached) as reached_buckets
        left join days on reached_buckets.bucket = days.bucket and days.day + interval 1 day <= reached_buckets.reset_at
        group by reached_buckets.reset_id, reached_buckets.bucket
    )

select
    'bucket_read_beyond_its_past' as detection,
    reached.source,
    reached.tenant_id,
    reached.event_id,
    reached.occurred_at,
    reached.reset_id,
    reached.thing_id,
    reached.day_object_count
    || ' objects were read from '
    || reached.bucket
    || ' on '
    || strftime(reached.occurred_at, '%Y-%m-%d')
    || ', at most '
    || pasts.object_count
    || ' by everybody together on any day before the reset.' as why
from reached
inner join pasts using (reset_id, bucket)
where reached.object_number >= $min_objects and reached.day_object_count > $factor * pasts.object_count
qualify
    row_number() over (
        partition by reached.reset_id, reached.bucket order by reached.occurred_at, reached.source, reached.event_id
    )
    = 1
