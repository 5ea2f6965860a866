/*
title: Account or tenant outside the organisation, named for the first time
id: 79cb9e86-830c-41c2-8dcc-69292f45e678
name: foreign_account_first_seen
status: test
description: |
    Detects an act of a reached holder on an account or tenant that has no logs here and that nobody named before
    the reset.
    It matters because data and trust leave through accounts that belong to nobody here.
references:
    - https://attack.mitre.org/techniques/T1537/
author: postreset
date: 2026-11-23
tags: [attack.exfiltration, attack.t1537]
falsepositives:
    - A new supplier or a newly bought account. The contract or the account list has it.
level: high
control_domain: data_access
points: 1.75
close_when: The account belongs to a known party, or what was shared with it and the roles assumed there are taken back.
csf: [DE.CM-06, PR.DS-01]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
*/
-- One signal per account. Grain: reset_id, foreign account or tenant.
with
    own as (select distinct coverage.tenant_id from int_log_coverage as coverage),

    named as (
        select reach.reset_id, resets.occurred_at as reset_at, holders.*
        from reach
        inner join int_resets as resets using (reset_id)
        inner join
            int_event_holders as holders
            on reach.thing_id = holders.thing_id
            and holders.occurred_at >= reach.first_reached_at
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
        anti join own on holders.target_tenant_id = own.tenant_id
        where holders.outcome = 'success' and holders.target_tenant_id <> ''
    )

select
    'foreign_account_first_seen' as detection,
    named.source,
    named.tenant_id,
    named.event_id,
    named.occurred_at,
    named.reset_id,
    named.thing_id,
    coalesce(named.principal_name, named.principal_id, named.thing_id)
    || ': '
    || named.action
    || coalesce(' on ' || coalesce(named.target_name, named.target_id), '')
    || ' names '
    || named.target_tenant_id
    || ', an account or tenant that has no logs here and was never named before.' as why
from named
anti join int_named_tenants as earlier on named.target_tenant_id = earlier.target_tenant_id and earlier.first_at < named.reset_at
qualify
    row_number() over (
        partition by named.reset_id, named.target_tenant_id order by named.occurred_at, named.source, named.event_id
    )
    = 1
