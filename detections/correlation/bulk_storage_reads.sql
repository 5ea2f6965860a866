/*
title: Far more objects read from storage than ever before
id: fb79c624-bfc6-41d9-b010-9597a4b2d05f
name: bulk_storage_reads
status: test
description: |
    Detects a day after the reset on which a reached session or key read many objects, or much data, from S3 or Blob
    Storage: many by itself, and several times the best day of the same reader before the reset.
    It matters because taking the data is what the rest of the attack was for.
references:
    - https://www.microsoft.com/en-us/security/blog/2025/08/27/storm-0501s-evolving-techniques-lead-to-cloud-based-ransomware/
    - https://unit42.paloaltonetworks.com/muddled-libra-evolution-to-cloud/
author: postreset
date: 2026-11-24
tags: [attack.collection, attack.exfiltration, attack.t1530]
falsepositives:
    - A migration, a backup test or a first model training. A ticket names the containers, and the reader is at its usual place.
level: high
control_domain: data_access
points: 2.0
close_when: What was read is listed and its owner informed, and the keys and sessions that read it are dead.
csf: [DE.AE-02, DE.AE-04, PR.DS-01]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    min_objects:
        default: 100
        unit: objects in 24 hours
        reason: below it a person browses
    min_bytes:
        default: 1000000000
        unit: bytes in 24 hours
        reason: a few large objects are worth as much as many small ones
    factor:
        default: 3
        unit: times the reader's best day before
        reason: readers have busy days; three times the best of them is another kind of day
*/
-- One signal per reached session or key with a day of reads beyond its reader's past.
-- Grain: reset_id, thing_id.
with
    reads as (
        select
            holders.*,
            coalesce(holders.person_id, holders.principal_id, holders.thing_id) as reader_id,
            coalesce(holders.bytes_out, 0) as byte_count
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

    past_days as (
        select resets.reset_id, reads.reader_id, count(*) as object_count, sum(reads.byte_count) as byte_count
        from int_resets as resets
        inner join reads on reads.occurred_at < resets.occurred_at
        group by resets.reset_id, reads.reader_id, date_trunc('day', reads.occurred_at)
    ),

    pasts as (
        select
            past_days.reset_id,
            past_days.reader_id,
            max(past_days.object_count) as object_count,
            max(past_days.byte_count) as byte_count
        from past_days
        group by past_days.reset_id, past_days.reader_id
    ),

    numbered as (
        select reads.*, reach.reset_id, floor(date_diff('minute', resets.occurred_at, reads.occurred_at) / 1440) as day_number
        from reach
        inner join int_resets as resets using (reset_id)
        inner join reads on reach.thing_id = reads.thing_id and reads.occurred_at >= reach.first_reached_at
        where reads.occurred_at >= resets.occurred_at and reads.occurred_at < resets.occurred_at + cast($window as interval)
    ),

    running as (
        select
            numbered.*,
            count(*) over so_far as object_number,
            sum(numbered.byte_count) over so_far as bytes_so_far,
            count(*) over whole_day as day_object_count,
            sum(numbered.byte_count) over whole_day as day_byte_count
        from numbered
        window
            whole_day as (partition by numbered.reset_id, numbered.thing_id, numbered.day_number),
            so_far as (
                partition by numbered.reset_id, numbered.thing_id, numbered.day_number
                order by numbered.occurred_at, numbered.source, numbered.event_id
                rows unbounded preceding
            )
    )

select
    'bulk_storage_reads' as detection,
    running.source,
    running.tenant_id,
    running.event_id,
    running.occurred_at,
    running.reset_id,
    running.thing_id,
    coalesce(running.principal_name, running.principal_id, running.thing_id)
    || ' read '
    || running.day_object_count
    || ' objects ('
    || round(running.day_byte_count / 1e6, 1)
    || ' MB) from storage within 24 hours'
    || coalesce(
        '; at most ' || pasts.object_count || ' (' || round(pasts.byte_count / 1e6, 1) || ' MB) on any day before the reset',
        '; no read by it is known from before the reset'
    )
    || '.' as why
from running
left join pasts on running.reset_id = pasts.reset_id and running.reader_id = pasts.reader_id
where
    (running.object_number >= $min_objects and running.day_object_count > $factor * coalesce(pasts.object_count, 0))
    or (running.bytes_so_far >= $min_bytes and running.day_byte_count > $factor * coalesce(pasts.byte_count, 0))
qualify
    row_number() over (
        partition by running.reset_id, running.thing_id order by running.occurred_at, running.source, running.event_id
    )
    = 1
