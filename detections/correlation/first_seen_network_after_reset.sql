/*
title: Fresh session from a network the person never used
id: 21a7e056-ccdd-4fe5-89c7-c7abd8dee24a
name: first_seen_network_after_reset
status: test
description: |
    Detects a session or key use that began after the reset from a network the person had not used before it, unless it
    came from a device the person had signed in with before.
    It matters because whoever talked the service desk into the reset signs in next, and not from the person's places.
references:
    - https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-320a
    - https://cloud.google.com/blog/topics/threat-intelligence/unc3944-targets-saas-applications
author: postreset
date: 2026-11-24
tags: [attack.initial-access, attack.t1078.004]
falsepositives:
    - A reset on a journey, finished on a borrowed or new device. The calendar says so, and the place fits.
    - A new VPN or proxy egress of the company. Other people use it from the same day.
level: high
control_domain: sessions
points: 2.0
close_when: The person confirmed the sign-in through a channel known before the reset, or tokens were cut off after it and it is silent since.
csf: [DE.CM-03, DE.AE-02]
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
-- One signal per network that is new to the person of a reset, at its first use.
-- Grain: reset_id, network.
with
    pasts as (
        select resets.reset_id, resets.person_id, resets.person, resets.occurred_at as reset_at, count(*) as network_count
        from int_resets as resets
        inner join
            int_person_networks as past
            on resets.person_id = past.person_id
            and past.first_seen_at < resets.occurred_at - cast($known_for as interval)
        group by all
    ),

    known_devices as (
        select distinct pasts.reset_id, holders.device_id
        from pasts
        inner join int_event_holders as holders on pasts.person_id = holders.person_id
        where
            holders.device_id <> ''
            and holders.outcome = 'success'
            and holders.occurred_at < pasts.reset_at - cast($known_for as interval)
    ),

    new_uses as (
        select
            pasts.*,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            holders.thing_id,
            holders.network_id,
            holders.source_ip
        from pasts
        inner join reach using (reset_id)
        inner join int_event_holders as holders on reach.thing_id = holders.thing_id
        left join
            int_person_networks as known
            on pasts.person_id = known.person_id
            and holders.network_id = known.network_id
            and known.known_since < pasts.reset_at - cast($known_for as interval)
        left join known_devices on pasts.reset_id = known_devices.reset_id and holders.device_id = known_devices.device_id
        where
            reach.seed = 'fresh'
            and reach.depth = 0
            and reach.kind <> 'principal'
            and holders.outcome = 'success'
            and holders.network_id is not null
            and known.network_id is null
            and known_devices.device_id is null
            and holders.occurred_at >= pasts.reset_at
            and holders.occurred_at < pasts.reset_at + cast($window as interval)
    ),

    counted as (select new_uses.*, count(*) over (partition by new_uses.reset_id, new_uses.network_id) as use_count from new_uses)

select
    'first_seen_network_after_reset' as detection,
    counted.source,
    counted.tenant_id,
    counted.event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.thing_id,
    counted.person
    || ' used '
    || counted.network_id
    || coalesce(' (' || counted.source_ip || ')', '')
    || ' for the first time '
    || date_diff('minute', counted.reset_at, counted.occurred_at)
    || ' minutes after the reset'
    || case when counted.use_count > 1 then ', and ' || counted.use_count || ' times in all' else '' end
    || '; before it '
    || case when counted.network_count = 1 then 'one other network was' else counted.network_count || ' other networks were' end
    || ' in use.' as why
from counted
qualify
    row_number() over (
        partition by counted.reset_id, counted.network_id order by counted.occurred_at, counted.source, counted.event_id
    )
    = 1
