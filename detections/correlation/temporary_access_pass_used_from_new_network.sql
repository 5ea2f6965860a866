/*
title: Temporary Access Pass used from a network the person never used
id: 20d79b4d-b9cc-400b-bba7-86f6944102f8
name: temporary_access_pass_used_from_new_network
status: test
description: |
    Detects a sign-in with a Temporary Access Pass that was issued in this reset, from a network that the person had not
    used before it.
    It matters because the pass stands for password and MFA at once: the caller of the service desk uses it, not its owner.
references:
    - https://www.microsoft.com/en-us/security/blog/2023/10/25/octo-tempest-crosses-boundaries-to-facilitate-extortion-encryption-and-destruction/
    - https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-320a
author: postreset
date: 2026-11-23
tags: [attack.initial-access, attack.persistence, attack.t1078.004, attack.t1556.006]
falsepositives:
    - A pass is issued to somebody who lost the phone on a journey. The calendar says so, and the place fits.
level: high
control_domain: help_desk
points: 2.0
close_when: The person confirmed the sign-in through a channel known before the reset, or tokens were cut off after it and methods registered with the pass are deleted.
csf: [PR.AA-02, DE.CM-03]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    known_for:
        default: 12h
        unit: duration
        reason: a network first seen on the day of the reset may be the intruder's, who often tries before
*/
-- One signal per network new to the person of a reset from which its pass was used. Grain: reset_id, network.
with
    passes as (
        select resets.reset_id, resets.person_id, resets.person, resets.occurred_at as reset_at
        from int_resets as resets
        where
            list_contains(resets.kinds, 'temporary_access_pass')
            -- without a past nothing can be called new
            and exists (
                select 1
                from int_person_networks as past
                where past.person_id = resets.person_id and past.first_seen_at < resets.occurred_at - cast($known_for as interval)
            )
    ),

    new_uses as (
        select
            passes.*,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            holders.thing_id,
            holders.network_id
        from passes
        inner join int_event_holders as holders on passes.person_id = holders.person_id
        inner join
            signals
            on holders.source = signals.source
            and holders.event_id = signals.event_id
            and holders.tenant_id is not distinct from signals.tenant_id
            and signals.detection = 'entra_temporary_access_pass_used'
        left join
            int_person_networks as known
            on passes.person_id = known.person_id
            and holders.network_id = known.network_id
            and known.known_since < passes.reset_at - cast($known_for as interval)
        where
            holders.network_id is not null
            and known.network_id is null
            and holders.occurred_at >= passes.reset_at
            and holders.occurred_at < passes.reset_at + cast($window as interval)
    )

select
    'temporary_access_pass_used_from_new_network' as detection,
    new_uses.source,
    new_uses.tenant_id,
    new_uses.event_id,
    new_uses.occurred_at,
    new_uses.reset_id,
    new_uses.thing_id,
    'A Temporary Access Pass of '
    || new_uses.person
    || ' was used from '
    || new_uses.network_id
    || ', where the person was never seen, '
    || date_diff('minute', new_uses.reset_at, new_uses.occurred_at)
    || ' minutes after the reset began.' as why
from new_uses
qualify
    row_number() over (
        partition by new_uses.reset_id, new_uses.network_id order by new_uses.occurred_at, new_uses.source, new_uses.event_id
    )
    = 1
