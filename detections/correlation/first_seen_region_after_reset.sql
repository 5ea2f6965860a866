/*
title: First act in an AWS region the person never worked in
id: 87b0b125-ec1d-4da0-a6eb-8c9ebd69fe29
name: first_seen_region_after_reset
status: test
description: |
    Detects acts in an AWS region that the person did not work in within the 30 days before the reset.
    It matters because unused regions are where nobody looks.
references:
    - https://attack.mitre.org/techniques/T1078/004/
author: postreset
date: 2026-11-23
tags: [attack.persistence, attack.t1078.004]
falsepositives:
    - A new region that the company rolls out to; others appear there in the same days.
level: low
control_domain: entitlements
points: 0.75
close_when: What was made in the region is listed and removed or owned.
csf: [DE.CM-09, DE.AE-02]
*/
-- One signal per reset, at the first of the new ones. Grain: reset_id.
with
    counted as (
        select first_seen.*, count(*) over (partition by first_seen.reset_id) as value_count
        from first_seen
        where first_seen.facet = 'region'
    )

select
    'first_seen_region_after_reset' as detection,
    counted.first_use.source as source,
    counted.first_use.tenant_id as tenant_id,
    counted.first_use.event_id as event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.first_use.thing_id as thing_id,
    counted.person
    || ' worked in '
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
