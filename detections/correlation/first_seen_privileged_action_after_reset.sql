/*
title: First privileged act of a kind the person never did
id: c6a53877-7733-4bdb-9721-0dff076ce2ef
name: first_seen_privileged_action_after_reset
status: test
description: |
    Detects an act that grants rights or makes credentials, of a kind that the person did not do within the 30 days
    before the reset.
    It matters because what people never did before is seldom done first right after their reset.
references:
    - https://attack.mitre.org/techniques/T1098/
author: postreset
date: 2026-11-23
tags: [attack.privilege-escalation, attack.t1098]
falsepositives:
    - A new duty. The team and the ticket know of it.
level: medium
control_domain: entitlements
points: 0.75
close_when: Each grant is confirmed by its owner or taken back.
owasp_nhi: ["NHI5:2025"]
csf: [DE.CM-03, PR.AA-05]
*/
-- One signal per reset, at the first of the new ones. Grain: reset_id.
with
    counted as (
        select first_seen.*, count(*) over (partition by first_seen.reset_id) as value_count
        from first_seen
        where
            first_seen.facet = 'action'
            and first_seen.value in (
                select granting_actions.source || '/' || granting_actions.action
                from granting_actions
                union all
                select powers.source || '/' || powers.action
                from empowering_actions as powers
                where powers.gives not in ('password', 'method', 'access_pass', 'device', 'mail_path')
            )
    )

select
    'first_seen_privileged_action_after_reset' as detection,
    counted.first_use.source as source,
    counted.first_use.tenant_id as tenant_id,
    counted.first_use.event_id as event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.first_use.thing_id as thing_id,
    counted.person
    || ' did '
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
