/*
title: New key used from elsewhere
id: 7401bbe8-fc1c-4ec2-a469-8d95e421578b
name: key_created_then_used_elsewhere
status: test
description: |
    Detects a key or secret that was made from within a reset's reach and then used from another network than that of
    its making, or from one the person never used.
    It matters because a key that travels is the way back in: it needs no MFA and ends with no session.
references:
    - https://permiso.io/blog/lucr-3-scattered-spider-getting-saas-y-in-the-cloud
    - https://www.microsoft.com/en-us/security/blog/2024/01/25/midnight-blizzard-guidance-for-responders-on-nation-state-attack/
author: postreset
date: 2026-11-24
tags: [attack.persistence, attack.t1098.001, attack.t1078.004]
falsepositives:
    - A developer makes a key at the desk and puts it into a build system. Its uses come from the build network only.
level: high
control_domain: non_human_identities
points: 2.0
close_when: The key is deleted or inactive, sessions made from it are revoked, and no use of it is logged since.
owasp_nhi: ["NHI7:2025", "NHI1:2025"]
csf: [DE.CM-03, PR.AA-01]
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
-- One signal per key made from a reset's reach and used elsewhere. Grain: reset_id,
-- key.
with
    made as (
        select
            reach.reset_id,
            resets.person_id,
            resets.occurred_at as reset_at,
            edges.to_thing_id as key_id,
            edges.occurred_at as made_at,
            makers.network_id as maker_network_id,
            coalesce(makers.principal_name, makers.principal_id, 'a reached session') as maker
        from reach
        inner join int_resets as resets using (reset_id)
        inner join
            int_trust_edges as edges on reach.thing_id = edges.from_thing_id and edges.occurred_at >= reach.first_reached_at
        left join
            int_event_holders as makers
            on edges.source = makers.source
            and edges.event_id = makers.event_id
            and edges.tenant_id is not distinct from makers.tenant_id
        where edges.kind in ('issues_key', 'adds_secret') and edges.occurred_at < resets.occurred_at + cast($window as interval)
        qualify row_number() over (partition by reach.reset_id, edges.to_thing_id order by edges.occurred_at, edges.edge_id) = 1
    ),

    used as (
        select
            made.*,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            holders.thing_id,
            holders.network_id,
            holders.network_id is distinct from made.maker_network_id as is_elsewhere,
            known.network_id is null as is_new
        from made
        inner join
            int_event_holders as holders
            on made.key_id = split_part(holders.thing_id, '@', 1)
            and holders.occurred_at >= made.made_at
        left join
            int_person_networks as known
            on made.person_id = known.person_id
            and holders.network_id = known.network_id
            and known.known_since < made.reset_at - cast($known_for as interval)
        where
            holders.outcome = 'success'
            and holders.network_id is not null
            and holders.occurred_at < made.reset_at + cast($window as interval)
    ),

    telling as (
        select used.*, count(*) over (partition by used.reset_id, used.key_id) as use_count
        from used
        where (used.is_elsewhere and used.maker_network_id is not null) or used.is_new
    )

select
    'key_created_then_used_elsewhere' as detection,
    telling.source,
    telling.tenant_id,
    telling.event_id,
    telling.occurred_at,
    telling.reset_id,
    telling.thing_id,
    'The key '
    || split_part(telling.key_id, ':', 2)
    || ', made by '
    || telling.maker
    || ' at '
    || strftime(telling.made_at, '%Y-%m-%d %H:%M')
    || ' UTC'
    || coalesce(' from ' || telling.maker_network_id, '')
    || ', was used '
    || telling.use_count
    || case when telling.use_count = 1 then ' time' else ' times' end
    || ' from '
    || case
        when telling.is_elsewhere and telling.is_new
        then 'another network, new to the person as well'
        when telling.is_elsewhere
        then 'another network'
        else 'a network new to the person'
    end
    || ', first '
    || date_diff('minute', telling.made_at, telling.occurred_at)
    || ' minutes later from '
    || telling.network_id
    || '.' as why
from telling
qualify
    row_number() over (
        partition by telling.reset_id, telling.key_id
        order by telling.is_elsewhere desc, telling.occurred_at, telling.source, telling.event_id
    )
    = 1
