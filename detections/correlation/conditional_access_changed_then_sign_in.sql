/*
title: Conditional Access changed, then a sign-in without MFA from a new network
id: 0a71499c-dcd3-4d3b-82a1-bf467e17819d
name: conditional_access_changed_then_sign_in
status: test
description: |
    Detects a change of a Conditional Access policy or named location from within a reset's reach, and within a day a
    sign-in without a second factor from a network that nobody of the organisation had used before the change.
    It matters because the change was made for that sign-in, whoever's account it is.
references:
    - https://www.microsoft.com/en-us/security/blog/2023/10/25/octo-tempest-crosses-boundaries-to-facilitate-extortion-encryption-and-destruction/
    - https://www.microsoft.com/en-us/security/blog/2025/08/27/storm-0501s-evolving-techniques-lead-to-cloud-based-ransomware/
author: postreset
date: 2026-11-23
tags: [attack.persistence, attack.credential-access, attack.t1556.009, attack.t1078.004]
falsepositives:
    - Planned work on policies, and a guest or traveller of an application that never asked for MFA. The account is no administrator's.
level: high
control_domain: entitlements
points: 2.0
close_when: The policy reads as the identity team intends it, and the sign-in's tokens were cut off or its person confirmed it.
csf: [PR.AA-05, DE.AE-03]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    span:
        default: 24h
        unit: duration
        reason: who opens a door goes through it soon, and every day brings travellers
*/
-- One signal per principal that signed in through a changed policy. Grain: reset_id, principal.
with
    changes as (
        select
            reach.reset_id,
            resets.occurred_at as reset_at,
            holders.tenant_id,
            holders.occurred_at as changed_at,
            coalesce(holders.target_name, 'a policy') as policy,
            coalesce(holders.principal_name, holders.principal_id, 'a reached session') as changer
        from signals
        inner join
            int_event_holders as holders
            on signals.source = holders.source
            and signals.event_id = holders.event_id
            and signals.tenant_id is not distinct from holders.tenant_id
        inner join reach on holders.thing_id = reach.thing_id and holders.occurred_at >= reach.first_reached_at
        inner join int_resets as resets on reach.reset_id = resets.reset_id
        where
            signals.detection in ('entra_conditional_access_policy_changed', 'entra_named_location_changed')
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
    ),

    sign_ins as (
        select changes.* exclude (tenant_id), holders.*
        from changes
        inner join
            int_event_holders as holders
            on changes.tenant_id is not distinct from holders.tenant_id
            and holders.occurred_at > changes.changed_at
            and holders.occurred_at <= changes.changed_at + cast($span as interval)
            and holders.occurred_at < changes.reset_at + cast($window as interval)
        inner join
            int_networks as networks on holders.source_ip = networks.source_ip and networks.first_seen_at > changes.changed_at
        where holders.source = 'entra_signin' and holders.outcome = 'success' and not coalesce(holders.is_mfa, false)
    )

select
    'conditional_access_changed_then_sign_in' as detection,
    sign_ins.source,
    sign_ins.tenant_id,
    sign_ins.event_id,
    sign_ins.occurred_at,
    sign_ins.reset_id,
    sign_ins.thing_id,
    coalesce(sign_ins.principal_name, sign_ins.principal_id, 'Somebody')
    || ' signed in without a second factor from '
    || coalesce(sign_ins.network_id, sign_ins.source_ip)
    || ', a network new to the organisation, '
    || date_diff('minute', sign_ins.changed_at, sign_ins.occurred_at)
    || ' minutes after '
    || sign_ins.changer
    || ' changed '
    || sign_ins.policy
    || '.' as why
from sign_ins
qualify
    row_number() over (
        partition by sign_ins.reset_id, sign_ins.principal_id
        order by sign_ins.occurred_at, sign_ins.source, sign_ins.event_id, sign_ins.changed_at desc
    )
    = 1
