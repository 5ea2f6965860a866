/*
title: Session from before the reset used from a network the person never used
id: 32833106-536e-45df-80b2-d002cc92d33d
name: residual_session_from_new_network
status: test
description: |
    Detects a session, temporary key or access key that began before the reset and was used successfully after it from a
    network the person had not used before.
    It matters because a copied token outlives the reset, and the place it is used from is all that tells the copy apart.
references:
    - https://learn.microsoft.com/entra/identity-platform/refresh-tokens
    - https://www.microsoft.com/en-us/security/blog/2025/02/13/storm-2372-conducts-device-code-phishing-campaign/
author: postreset
date: 2026-11-23
tags: [attack.persistence, attack.t1550.001, attack.t1550.004]
falsepositives:
    - A phone or laptop on a journey that stays signed in. The same device signs in there interactively too.
level: high
control_domain: sessions
points: 2.25
close_when: Tokens were cut off after the last use of the session, and it is silent since.
csf: [RS.MI-01, DE.AE-02]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    grace:
        default: 1h
        unit: duration
        reason: an Entra access token issued before a cut-off works for about an hour more
    known_for:
        default: 12h
        unit: duration
        reason: a network first seen on the day of the reset may be the intruder's, who often tries before
*/
-- One signal per session and new network. Grain: reset_id, thing_id, network.
with
    uses as (
        select
            reach.reset_id,
            holders.thing_id,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            holders.network_id,
            sessions.started_at,
            sessions.kind,
            resets.cut_off_at is not null
            and holders.occurred_at > resets.cut_off_at + cast($grace as interval) as is_after_cut_off
        from reach
        inner join int_resets as resets using (reset_id)
        inner join int_sessions as sessions on reach.thing_id = sessions.thing_id
        inner join int_event_holders as holders on reach.thing_id = holders.thing_id
        left join
            int_person_networks as known
            on resets.person_id = known.person_id
            and holders.network_id = known.network_id
            and known.known_since < resets.occurred_at - cast($known_for as interval)
        where
            reach.seed = 'residual'
            and reach.depth = 0
            and (
                sessions.started_at < resets.occurred_at
                -- a key is known by the network it is used from, and was there before
                or sessions.kind in ('access_key_use', 'service_principal_key_use', 'api_token_use')
            )
            and holders.outcome = 'success'
            and holders.network_id is not null
            and known.network_id is null
            and holders.occurred_at >= resets.ended_at
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
            -- without a past nothing can be called new
            and exists (
                select 1
                from int_person_networks as past
                where past.person_id = resets.person_id and past.first_seen_at < resets.occurred_at - cast($known_for as interval)
            )
    ),

    counted as (
        select
            uses.*,
            count(*) over of_session as use_count,
            count(*) filter (uses.is_after_cut_off) over of_session as late_use_count
        from uses
        window of_session as (partition by uses.reset_id, uses.thing_id, uses.network_id)
    )

select
    'residual_session_from_new_network' as detection,
    counted.source,
    counted.tenant_id,
    counted.event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.thing_id,
    case
        when counted.kind in ('access_key_use', 'service_principal_key_use', 'api_token_use')
        then 'A key from before the reset was used '
        else 'A session begun at ' || strftime(counted.started_at, '%Y-%m-%d %H:%M') || ' UTC, before the reset, was used '
    end
    || counted.use_count
    || case when counted.use_count = 1 then ' time' else ' times' end
    || ' after it from '
    || counted.network_id
    || ', a network new to the person'
    || case when counted.late_use_count > 0 then ', ' || counted.late_use_count || ' of them after the token cut-off' else '' end
    || '.' as why
from counted
qualify
    row_number() over (
        partition by counted.reset_id, counted.thing_id, counted.network_id
        order by counted.occurred_at, counted.source, counted.event_id
    )
    = 1
