/*
title: What was granted after the reset was used
id: 309d6b79-965e-4a32-9ae4-45508201e2bd
name: privilege_granted_then_used
status: test
description: |
    Detects a session or key that acted with what a reached holder had granted, created or set a password for after
    the reset.
    It matters because a grant is a preparation and its use is the act: both ends are now known.
references:
    - https://attack.mitre.org/techniques/T1098/
author: postreset
date: 2026-11-23
tags: [attack.privilege-escalation, attack.t1098]
falsepositives:
    - An administrator sets up a new colleague or service, who begins to work at once. The ticket names both.
level: high
control_domain: entitlements
points: 1.5
close_when: The grant is taken back, what it created is removed, and nothing acts with it since.
csf: [PR.AA-05, RS.MI-02]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
*/
-- One signal per grant that was used. Grain: reset_id, grant.
with
    grants as (
        select edges.reset_id, edges.event_id, min(edges.why) as why, min(edges.occurred_at) as occurred_at
        from int_reach_edges as edges
        where edges.edge_kind in ('grants', 'trusts', 'creates_principal', 'issues_login')
        group by edges.reset_id, edges.event_id
    )

select
    'privilege_granted_then_used' as detection,
    holders.source,
    holders.tenant_id,
    holders.event_id,
    holders.occurred_at,
    reach.reset_id,
    reach.thing_id,
    'After '
    || grants.why
    || ', '
    || coalesce(holders.principal_name, holders.principal_id, reach.thing_id)
    || ' acted with it '
    || date_diff('minute', grants.occurred_at, holders.occurred_at)
    || ' minutes later: '
    || holders.action
    || '.' as why
from grants
inner join reach on grants.reset_id = reach.reset_id and list_contains(reach.path, grants.event_id)
inner join int_resets as resets on grants.reset_id = resets.reset_id
inner join int_event_holders as holders on reach.thing_id = holders.thing_id
where
    holders.outcome = 'success'
    and holders.event_id <> grants.event_id
    and holders.occurred_at >= grants.occurred_at
    and holders.occurred_at < resets.occurred_at + cast($window as interval)
qualify
    row_number() over (
        partition by grants.reset_id, grants.event_id
        order by holders.occurred_at, holders.source, holders.event_id, reach.thing_id
    )
    = 1
