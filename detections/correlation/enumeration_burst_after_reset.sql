/*
title: Many kinds of look-ups in a short time, none of them done before
id: 2fa91425-cb00-4853-9d2c-67eda13ffe79
name: enumeration_burst_after_reset
status: test
description: |
    Detects a reached session or key that asked many different read-only questions within half an hour which neither
    it nor the person had asked before the reset.
    It matters because whoever takes an account over has to find out what it can do.
references:
    - https://unit42.paloaltonetworks.com/muddled-libra-evolution-to-cloud/
author: postreset
date: 2026-11-23
tags: [attack.discovery, attack.t1580, attack.t1526]
falsepositives:
    - A new inventory tool or the first day with an administrator role. The user agent and the ticket say so.
level: medium
control_domain: sessions
points: 1.25
close_when: The session is dead, and what it could see is written down.
csf: [DE.AE-02]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    min_actions:
        default: 12
        unit: kinds of action
        reason: a console page asks five or six; a survey asks many more
    within:
        default: 30m
        unit: duration
        reason: a survey is made by a tool or in one sitting
*/
-- One signal per session or key, at the act that completes the burst. Grain: reset_id, thing_id.
with
    past as (
        select distinct
            coalesce(holders.person_id, holders.principal_id) as actor_id, resets.reset_id, holders.service, holders.action
        from int_resets as resets
        inner join int_event_holders as holders on holders.occurred_at < resets.occurred_at
        where holders.is_read_only
    ),

    firsts as (
        select
            reach.reset_id,
            reach.thing_id,
            holders.service,
            holders.action,
            coalesce(holders.person_id, holders.principal_id) as actor_id,
            min(holders.occurred_at) as occurred_at,
            arg_min(
                struct_pack(
                    source := holders.source,
                    tenant_id := holders.tenant_id,
                    event_id := holders.event_id,
                    principal_name := coalesce(holders.principal_name, holders.principal_id)
                ),
                struct_pack(occurred_at := holders.occurred_at, source := holders.source, event_id := holders.event_id)
            ) as first_use
        from reach
        inner join int_resets as resets using (reset_id)
        inner join
            int_event_holders as holders
            on reach.thing_id = holders.thing_id
            and holders.occurred_at >= greatest(reach.first_reached_at, resets.occurred_at)
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
        where holders.is_read_only
        group by all
    ),

    bursts as (
        select
            firsts.*,
            count(*) over (
                partition by firsts.reset_id, firsts.thing_id
                order by firsts.occurred_at range between cast($within as interval) preceding and current row
            ) as action_count
        from firsts
        anti join
            past
            on firsts.reset_id = past.reset_id
            and firsts.actor_id = past.actor_id
            and firsts.service is not distinct from past.service
            and firsts.action = past.action
    )

select
    'enumeration_burst_after_reset' as detection,
    bursts.first_use.source as source,
    bursts.first_use.tenant_id as tenant_id,
    bursts.first_use.event_id as event_id,
    bursts.occurred_at,
    bursts.reset_id,
    bursts.thing_id,
    coalesce(bursts.first_use.principal_name, bursts.thing_id)
    || ' asked '
    || bursts.action_count
    || ' kinds of questions within '
    || $within
    || ' that it never asked before the reset, '
    || bursts.action
    || ' the last of them.' as why
from bursts
where bursts.action_count >= $min_actions
qualify
    row_number() over (
        partition by bursts.reset_id, bursts.thing_id
        order by bursts.occurred_at, bursts.first_use.source, bursts.first_use.event_id
    )
    = 1
