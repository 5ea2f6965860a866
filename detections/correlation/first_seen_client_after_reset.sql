/*
title: First use of a client the person never used
id: d76d4330-f144-4bea-b0c1-1fdecb91ce37
name: first_seen_client_after_reset
status: test
description: |
    Detects a browser, SDK or tool that the person did not use within the 30 days before the reset.
    It matters because tools such as AzCopy, boto3 or a foreign browser belong to the hand and not to the account.
references:
    - https://attack.mitre.org/techniques/T1078/004/
author: postreset
date: 2026-11-23
tags: [attack.initial-access, attack.t1078.004]
falsepositives:
    - A new laptop or phone after its loss, which is what the reset was for.
level: low
control_domain: sessions
points: 0.75
close_when: The person confirmed the client, or the sessions it used are dead.
csf: [DE.CM-03, DE.AE-02]
*/
-- One signal per reset, at the first of the new ones. Grain: reset_id.
with
    counted as (
        select first_seen.*, count(*) over (partition by first_seen.reset_id) as value_count
        from first_seen
        where first_seen.facet = 'client'
    )

select
    'first_seen_client_after_reset' as detection,
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
