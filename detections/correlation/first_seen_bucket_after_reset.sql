/*
title: First read or write in storage the person never used
id: 617959ce-3f1f-45a8-9e52-71007814e8a2
name: first_seen_bucket_after_reset
status: test
description: |
    Detects buckets or storage accounts that the person did not use within the 30 days before the reset.
    It matters because data that the account never needed is what somebody else came for.
references:
    - https://attack.mitre.org/techniques/T1530/
author: postreset
date: 2026-11-23
tags: [attack.collection, attack.t1530]
falsepositives:
    - A new project or a migration; the owner of the data knows of it.
level: medium
control_domain: data_access
points: 1.0
close_when: What was read is listed and its owner informed.
csf: [DE.AE-04, PR.DS-01]
*/
-- One signal per reset, at the first of the new ones. Grain: reset_id.
with
    counted as (
        select first_seen.*, count(*) over (partition by first_seen.reset_id) as value_count
        from first_seen
        where first_seen.facet = 'bucket'
    )

select
    'first_seen_bucket_after_reset' as detection,
    counted.first_use.source as source,
    counted.first_use.tenant_id as tenant_id,
    counted.first_use.event_id as event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.first_use.thing_id as thing_id,
    counted.person
    || ' used '
    || counted.value
    || ' for the first time in the 30 days that were looked at'
    || case when counted.value_count > 1 then ', and ' || (counted.value_count - 1) || ' more like it' else '' end
    || '; before the reset '
    || case counted.known_count when 0 then 'none was' when 1 then 'one was' else counted.known_count || ' were' end
    || ' in use.' as why
from counted
qualify
    row_number() over (
        partition by counted.reset_id
        order by counted.occurred_at, counted.first_use.source, counted.first_use.event_id, counted.value
    )
    = 1
