/*
title: First use of a role the person never assumed
id: 0d464138-a623-4255-bfc1-ea36f17fd374
name: first_seen_role_after_reset
status: test
description: |
    Detects an AWS role that the person did not assume within the 30 days before the reset.
    It matters because roles are how power is found that the account does not show.
references:
    - https://attack.mitre.org/techniques/T1078/004/
author: postreset
date: 2026-11-23
tags: [attack.privilege-escalation, attack.t1078.004]
falsepositives:
    - An on-call duty or a new project; the assignment is in the records.
level: medium
control_domain: entitlements
points: 1.0
close_when: The assignment is confirmed by the role's owner or taken back.
owasp_nhi: ["NHI5:2025"]
csf: [DE.CM-03, PR.AA-05]
*/
-- One signal per reset, at the first of the new ones. Grain: reset_id.
with
    counted as (
        select first_seen.*, count(*) over (partition by first_seen.reset_id) as value_count
        from first_seen
        where first_seen.facet = 'role'
    )

select
    'first_seen_role_after_reset' as detection,
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
