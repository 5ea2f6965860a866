/*
title: First read of secrets the person never read
id: 5f2dd97f-1cfb-40f6-a827-688de6a16a3b
name: first_seen_secret_after_reset
status: test
description: |
    Detects secrets or parameters that the person did not read within the 30 days before the reset.
    It matters because what was read stays known after every session is closed.
references:
    - https://attack.mitre.org/techniques/T1555/006/
author: postreset
date: 2026-11-23
tags: [attack.credential-access, attack.t1555.006]
falsepositives:
    - The first day on an application. The secret belongs to the person's team.
level: medium
control_domain: secrets
points: 1.0
close_when: Each secret was rotated after the access was removed.
owasp_nhi: ["NHI2:2025"]
csf: [PR.DS-01, DE.AE-02]
*/
-- One signal per reset, at the first of the new ones. Grain: reset_id.
with
    counted as (
        select first_seen.*, count(*) over (partition by first_seen.reset_id) as value_count
        from first_seen
        where first_seen.facet = 'secret'
    )

select
    'first_seen_secret_after_reset' as detection,
    counted.first_use.source as source,
    counted.first_use.tenant_id as tenant_id,
    counted.first_use.event_id as event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.first_use.thing_id as thing_id,
    counted.person
    || ' read '
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
