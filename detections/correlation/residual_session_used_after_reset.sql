/*
title: Session from before the reset still used
id: 491a434b-023e-4a61-a63d-355774895871
name: residual_session_used_after_reset
status: test
description: |
    Detects a session or temporary key that began before the reset and was used successfully after it.
    It matters because a reset ends fewer sessions than people believe: cookies of other methods, refresh tokens of
    applications and AWS temporary keys live on.
references:
    - https://learn.microsoft.com/entra/identity-platform/refresh-tokens
    - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
author: postreset
date: 2026-11-24
tags: [attack.persistence, attack.t1550.001, attack.t1550.004]
falsepositives:
    - A phone or laptop that stays signed in after its owner changed the password. It keeps to networks used before.
level: medium
control_domain: sessions
points: 1.0
close_when: Tokens were cut off after the last use of the session, and it is silent since.
csf: [RS.MI-01]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    grace:
        default: 1h
        unit: duration
        reason: an Entra access token issued before the reset is expected to work for about an hour more
    known_for:
        default: 12h
        unit: duration
        reason: a network first seen on the day of the reset may be the intruder's, who often tries before
*/
-- One signal per session from before a reset that was used after it. Grain: reset_id,
-- thing_id.
with
    residual_uses as (
        select
            reach.reset_id,
            holders.thing_id,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            sessions.started_at,
            resets.cut_off_at,
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
            and sessions.kind in ('sign_in_session', 'console_session', 'temporary_key')
            and sessions.started_at < resets.occurred_at
            and holders.outcome = 'success'
            and holders.occurred_at >= resets.ended_at + cast($grace as interval)
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
            -- a password of one directory says nothing of the sessions of another
            and replace(sessions.provider, 'm365', 'azure') is not distinct from replace(resets.provider, 'm365', 'azure')
            -- from a new network it tells more: residual_session_from_new_network
            and not (holders.network_id is not null and known.network_id is null)
    ),

    counted as (
        select
            residual_uses.*,
            count(*) over (partition by residual_uses.reset_id, residual_uses.thing_id) as use_count,
            count(*) filter (residual_uses.is_after_cut_off) over (
                partition by residual_uses.reset_id, residual_uses.thing_id
            ) as late_use_count,
            max(residual_uses.occurred_at) over (partition by residual_uses.reset_id, residual_uses.thing_id) as last_used_at
        from residual_uses
    )

select
    'residual_session_used_after_reset' as detection,
    counted.source,
    counted.tenant_id,
    counted.event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.thing_id,
    'A session begun at '
    || strftime(counted.started_at, '%Y-%m-%d %H:%M')
    || ' UTC, before the reset, was used '
    || counted.use_count
    || case when counted.use_count = 1 then ' time' else ' times' end
    || ' later than '
    || $grace
    || ' after it, last at '
    || strftime(counted.last_used_at, '%Y-%m-%d %H:%M')
    || ' UTC'
    || case when counted.late_use_count > 0 then ', ' || counted.late_use_count || ' of them after the token cut-off' else '' end
    || '.' as why
from counted
qualify
    row_number() over (
        partition by counted.reset_id, counted.thing_id
        order by counted.is_after_cut_off desc, counted.occurred_at, counted.event_id
    )
    = 1
