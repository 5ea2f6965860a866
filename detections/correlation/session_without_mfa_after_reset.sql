/*
title: Session without a second factor after the factors were changed
id: db5b5fab-8f4d-4e27-9da1-494c73cf256d
name: session_without_mfa_after_reset
status: test
description: |
    Detects a sign-in that needed no second factor, after a reset that changed the person's factors, from a network
    the person had not used before.
    It matters because whoever had a factor removed may never need one again, and the log says so only by what is
    not there.
references:
    - https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-320a
author: postreset
date: 2026-11-23
tags: [attack.persistence, attack.t1556.006]
falsepositives:
    - A policy that asks no second factor of this application. Others sign in to it the same way.
level: medium
control_domain: sessions
points: 1.25
close_when: The person has a second factor of their own again, and the session is dead.
csf: [PR.AA-03, DE.CM-03]
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
-- One signal per session. Grain: reset_id, thing_id.
select
    'session_without_mfa_after_reset' as detection,
    holders.source,
    holders.tenant_id,
    holders.event_id,
    holders.occurred_at,
    reach.reset_id,
    reach.thing_id,
    resets.person
    || ' signed in without a second factor from '
    || coalesce(holders.network_id, 'an unknown network')
    || ', '
    || date_diff('minute', resets.occurred_at, holders.occurred_at)
    || ' minutes after the factors were changed.' as why
from reach
inner join int_resets as resets using (reset_id)
inner join int_event_holders as holders on reach.thing_id = holders.thing_id
left join
    int_person_networks as known
    on resets.person_id = known.person_id
    and holders.network_id = known.network_id
    and known.known_since < resets.occurred_at - cast($known_for as interval)
where
    reach.seed = 'fresh'
    and reach.depth = 0
    and reach.kind <> 'principal'
    and list_has_any(resets.kinds, ['mfa_method', 'temporary_access_pass', 'device', 'factor'])
    and holders.outcome = 'success'
    and holders.is_mfa = false
    and (holders.source in ('entra_signin', 'okta_system') or holders.action in ('ConsoleLogin', 'UserAuthentication'))
    and known.network_id is null
    and holders.occurred_at >= resets.occurred_at
    and holders.occurred_at < resets.occurred_at + cast($window as interval)
qualify
    row_number() over (partition by reach.reset_id, reach.thing_id order by holders.occurred_at, holders.source, holders.event_id)
    = 1
