/*
title: One session used by two clients, one of them new
id: e3eff9c0-cf44-4d3f-89e7-d15f17362f25
name: one_session_two_clients
status: test
description: |
    Detects a session or temporary key that two different clients used within half an hour, one of which neither the
    person nor the principal had used before the reset.
    It matters because a copied token keeps its session and its rights; only the hand that holds it has another
    tool.
references:
    - https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-track-linkable-identifiers
author: postreset
date: 2026-11-23
tags: [attack.credential-access, attack.t1550.001, attack.t1550.004]
falsepositives:
    - A person who works in the console and in a new tool with the same keys. The tool is one the team uses.
level: medium
control_domain: sessions
points: 0.75
close_when: The session is dead everywhere, and the new client is explained.
csf: [DE.AE-02, DE.CM-03]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    known_for:
        default: 12h
        unit: duration
        reason: a network first seen on the day of the reset may be the intruder's, who often tries before
    max_gap:
        default: 30m
        unit: duration
        reason: between two uses by two clients; more could be two sittings
*/
-- One signal per session or key. Grain: reset_id, thing_id.
with
    uses as (
        select reach.reset_id, resets.person_id, resets.occurred_at as reset_at, holders.*
        from reach
        inner join int_resets as resets using (reset_id)
        inner join
            int_event_holders as holders
            on reach.thing_id = holders.thing_id
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
        where
            regexp_matches(reach.thing_id, '^(entra-session|okta-session|aws-session|aws-key:ASIA)')
            and holders.outcome = 'success'
            and holders.client is not null
            -- a service that acts in the session has no client of its own
            and holders.network_id is not null
            -- Exchange names the protocol, not the tool
            and holders.source <> 'm365_audit'
    ),

    neighbours as (
        select uses.*, lag(uses.client) over in_order as client_before, lag(uses.occurred_at) over in_order as used_before_at
        from uses
        window in_order as (partition by uses.reset_id, uses.thing_id order by uses.occurred_at, uses.source, uses.event_id)
    )

select
    'one_session_two_clients' as detection,
    neighbours.source,
    neighbours.tenant_id,
    neighbours.event_id,
    neighbours.occurred_at,
    neighbours.reset_id,
    neighbours.thing_id,
    'The session was used by '
    || neighbours.client_before
    || ' and '
    || date_diff('minute', neighbours.used_before_at, neighbours.occurred_at)
    || ' minutes later by '
    || neighbours.client
    || ', which its holder never used before.' as why
from neighbours
left join
    int_baselines as known
    on neighbours.person_id = known.person_id
    and known.facet = 'client'
    and neighbours.client = known.value
    and known.first_seen_at < neighbours.reset_at - cast($known_for as interval)
where
    neighbours.client_before <> neighbours.client
    and neighbours.occurred_at >= neighbours.reset_at
    and neighbours.occurred_at - neighbours.used_before_at <= cast($max_gap as interval)
    and known.value is null
    -- without a past nothing can be called new
    and exists (
        select 1
        from int_baselines as past
        where
            past.person_id = neighbours.person_id
            and past.facet = 'client'
            and past.first_seen_at < neighbours.reset_at - cast($known_for as interval)
    )
qualify
    row_number() over (
        partition by neighbours.reset_id, neighbours.thing_id
        order by neighbours.occurred_at, neighbours.source, neighbours.event_id
    )
    = 1
