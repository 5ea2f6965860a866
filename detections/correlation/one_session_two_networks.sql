/*
title: One session or key used from two networks at once
id: 92449bd2-11d1-445d-adab-4535342dc7db
name: one_session_two_networks
status: test
description: |
    Detects a session or key that changed between two networks faster than a person changes place, one of them new.
    It matters because two holders of one session is what a stolen cookie, refresh token or key looks like.
references:
    - https://academy.bluraven.io/blog/hidden-gaps-in-entra-id-linkable-token-identifier
    - https://www.microsoft.com/en-us/security/blog/2025/02/13/storm-2372-conducts-device-code-phishing-campaign/
author: postreset
date: 2026-11-24
tags: [attack.credential-access, attack.t1539, attack.t1550.001]
falsepositives:
    - A phone that leaves a known Wi-Fi for a mobile carrier it never used before. One device, and the session stays small.
    - A new VPN or proxy egress of the company. Other people use it from the same day.
level: high
control_domain: sessions
points: 1.75
close_when: Tokens were cut off after the last use from the new network, and the session is silent since.
csf: [DE.CM-03, DE.AE-03]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    max_gap:
        default: 1h
        unit: duration
        reason: between two uses from two networks; more gives a person time to travel
    known_for:
        default: 12h
        unit: duration
        reason: a network first seen on the day of the reset may be the intruder's, who often tries before
*/
-- One signal per session or key that changed between a new network and another.
-- Grain: reset_id, session or key.
with
    reached as (
        -- a key's uses are things of their own, one a network: here they are one again
        select distinct
            reach.reset_id,
            resets.person_id,
            resets.occurred_at as reset_at,
            case
                when starts_with(reach.thing_id, 'aws-key:') or starts_with(reach.thing_id, 'sp-credential:')
                then split_part(reach.thing_id, '@', 1)
                else reach.thing_id
            end as holder_id
        from reach
        inner join int_resets as resets using (reset_id)
        where regexp_matches(reach.thing_id, '^(entra-session|okta-session|aws-session|aws-key|sp-credential|okta-token):')
    ),

    uses as (
        select
            reached.reset_id,
            reached.holder_id,
            holders.*,
            holders.occurred_at >= reached.reset_at
            and holders.occurred_at < reached.reset_at + cast($window as interval)
            and by_person.network_id is null
            and by_principal.network_id is null as is_new
        from reached
        inner join
            int_event_holders as holders
            on reached.holder_id = case
                when starts_with(holders.thing_id, 'aws-key:') or starts_with(holders.thing_id, 'sp-credential:')
                then split_part(holders.thing_id, '@', 1)
                else holders.thing_id
            end
        left join
            int_person_networks as by_person
            on reached.person_id = by_person.person_id
            and holders.network_id = by_person.network_id
            and by_person.known_since < reached.reset_at - cast($known_for as interval)
        left join
            int_principal_networks as by_principal
            on holders.person_id is distinct from reached.person_id
            and holders.principal_id = by_principal.principal_id
            and holders.network_id = by_principal.network_id
            and by_principal.first_seen_at < reached.reset_at - cast($known_for as interval)
        where
            holders.outcome = 'success'
            and holders.network_id is not null
            -- without a past nothing can be called new
            and exists (
                select 1
                from int_person_networks as past
                where past.person_id = reached.person_id and past.first_seen_at < reached.reset_at - cast($known_for as interval)
            )
    ),

    neighbours as (
        select
            uses.*,
            lag(uses.network_id) over in_order as network_before,
            lag(uses.occurred_at) over in_order as used_before_at,
            lead(uses.network_id) over in_order as network_after,
            lead(uses.occurred_at) over in_order as used_after_at
        from uses
        window in_order as (partition by uses.reset_id, uses.holder_id order by uses.occurred_at, uses.source, uses.event_id)
    ),

    changes as (
        select
            neighbours.*,
            neighbours.network_before <> neighbours.network_id
            and neighbours.occurred_at - neighbours.used_before_at <= cast($max_gap as interval) as is_change_to
        from neighbours
        where
            neighbours.is_new
            and (
                (
                    neighbours.network_before <> neighbours.network_id
                    and neighbours.occurred_at - neighbours.used_before_at <= cast($max_gap as interval)
                )
                or (
                    neighbours.network_after <> neighbours.network_id
                    and neighbours.used_after_at - neighbours.occurred_at <= cast($max_gap as interval)
                )
            )
    )

select
    'one_session_two_networks' as detection,
    changes.source,
    changes.tenant_id,
    changes.event_id,
    changes.occurred_at,
    changes.reset_id,
    changes.thing_id,
    'The ' || case
        when starts_with(changes.holder_id, 'aws-key:') or starts_with(changes.holder_id, 'sp-credential:')
        then 'key '
        else 'session '
    end
    || split_part(changes.holder_id, ':', 2)
    || ' was used from '
    || changes.network_id
    || ', new to its holder, within '
    || case
        when changes.is_change_to
        then date_diff('minute', changes.used_before_at, changes.occurred_at) || ' minutes after ' || changes.network_before
        else date_diff('minute', changes.occurred_at, changes.used_after_at) || ' minutes before ' || changes.network_after
    end
    || '; changes like that: '
    || count(*) over (partition by changes.reset_id, changes.holder_id)
    || '.' as why
from changes
qualify
    row_number() over (
        partition by changes.reset_id, changes.holder_id order by changes.occurred_at, changes.source, changes.event_id
    )
    = 1
