/*
title: Okta factor reset, a new one enrolled, and a sign-in from a new network
id: 693c4ad7-293c-4199-a8b6-79486d0ec5cf
name: okta_factor_replaced_then_new_network
status: test
description: |
    Detects an Okta user whose factors somebody else reset, who then has a new factor, and who signs in from a network not
    used by the person before.
    It matters because this is how the service desk's help was turned into the highest rights of several Okta customers.
references:
    - https://sec.okta.com/articles/2023/08/cross-tenant-impersonation-prevention-and-detection
    - https://cloud.google.com/blog/topics/threat-intelligence/unc3944-targets-saas-applications
author: postreset
date: 2026-11-23
tags: [attack.initial-access, attack.persistence, attack.t1078.004, attack.t1556.006]
falsepositives:
    - A phone lost on a journey and replaced there. The calendar names the place, and the device was enrolled before.
level: high
control_domain: help_desk
points: 2.0
close_when: The person confirmed factor and sign-in through a channel known before the reset, or the factor is removed and sessions are cleared.
csf: [PR.AA-02, PR.AA-03]
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
-- One signal per network new to the person of a reset, first used after a new factor. Grain: reset_id, network.
with
    removed as (
        select resets.*
        from int_resets as resets
        where
            coalesce(resets.by_somebody_else, true)
            and exists (
                select 1
                from int_event_holders as holders
                where
                    holders.source = 'okta_system'
                    and holders.action in ('user.mfa.factor.reset_all', 'user.mfa.factor.deactivate')
                    and holders.outcome = 'success'
                    and list_contains(resets.event_ids, holders.event_id)
                    and holders.occurred_at between resets.occurred_at and resets.ended_at
            )
            -- without a past nothing can be called new
            and exists (
                select 1
                from int_person_networks as past
                where past.person_id = resets.person_id and past.first_seen_at < resets.occurred_at - cast($known_for as interval)
            )
    ),

    enrolled as (
        select
            removed.reset_id,
            removed.person_id,
            removed.person,
            removed.occurred_at as reset_at,
            min(holders.occurred_at) as enrolled_at
        from removed
        inner join
            int_event_holders as holders
            on holders.source = 'okta_system'
            and holders.action = 'user.mfa.factor.activate'
            and holders.outcome = 'success'
            and (holders.person_id = removed.person_id or list_contains(removed.principal_ids, lower(holders.target_id)))
            and holders.occurred_at >= removed.occurred_at
            and holders.occurred_at < removed.occurred_at + cast($window as interval)
        group by removed.reset_id, removed.person_id, removed.person, removed.occurred_at
    ),

    signed_in as (
        select enrolled.*, holders.* exclude (person_id)
        from enrolled
        inner join int_event_holders as holders on enrolled.person_id = holders.person_id
        left join
            int_person_networks as known
            on enrolled.person_id = known.person_id
            and holders.network_id = known.network_id
            and known.known_since < enrolled.reset_at - cast($known_for as interval)
        where
            holders.source = 'okta_system'
            and holders.action
            in ('user.session.start', 'user.authentication.auth_via_mfa', 'user.authentication.verify', 'user.authentication.sso')
            and holders.outcome = 'success'
            and holders.network_id is not null
            and known.network_id is null
            and holders.occurred_at >= enrolled.enrolled_at
            and holders.occurred_at < enrolled.reset_at + cast($window as interval)
    )

select
    'okta_factor_replaced_then_new_network' as detection,
    signed_in.source,
    signed_in.tenant_id,
    signed_in.event_id,
    signed_in.occurred_at,
    signed_in.reset_id,
    signed_in.thing_id,
    signed_in.person
    || ' signed in to Okta from '
    || signed_in.network_id
    || ', a network new to the person, '
    || date_diff('minute', signed_in.enrolled_at, signed_in.occurred_at)
    || ' minutes after a new factor was enrolled in place of those that were reset.' as why
from signed_in
qualify
    row_number() over (
        partition by signed_in.reset_id, signed_in.network_id order by signed_in.occurred_at, signed_in.source, signed_in.event_id
    )
    = 1
