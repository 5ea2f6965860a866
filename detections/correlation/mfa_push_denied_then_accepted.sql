/*
title: Second factor refused several times, then given
id: a1375429-9d93-45f4-92b5-87ac9c007241
name: mfa_push_denied_then_accepted
status: test
description: |
    Detects a sign-in with a second factor after the reset, shortly after the person refused or left unanswered several
    requests for it.
    It matters because whoever has the password asks until the owner is tired of it, or calls and explains.
references:
    - https://www.microsoft.com/en-us/security/blog/2022/03/22/dev-0537-criminal-actor-targeting-organizations-for-data-exfiltration-and-destruction/
    - https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-320a
author: postreset
date: 2026-11-23
tags: [attack.credential-access, attack.initial-access, attack.t1621, attack.t1078.004]
falsepositives:
    - A phone without reception, or a new app that is not set up yet. The sign-in comes from the person's own network.
level: high
control_domain: sessions
points: 2.0
close_when: The person confirmed the sign-in and the refusals, or tokens were cut off after it and the password is new.
csf: [PR.AA-03, DE.CM-03]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    span:
        default: 30m
        unit: duration
        reason: from the first refusal to the acceptance; a siege is longer, but its end is in it
    min_denials:
        default: 3
        unit: refusals
        reason: one is a slip of the finger, two a missed call
*/
-- One signal per reset after which a person gave in. Grain: reset_id.
with
    denials as (
        select holders.person_id, holders.occurred_at
        from int_event_holders as holders
        where
            holders.person_id is not null
            and (
                (
                    holders.source = 'okta_system'
                    and holders.action in ('user.mfa.okta_verify.deny_push', 'user.mfa.okta_verify.deny_push_upgrade_needed')
                )
                -- refused, or not answered in time
                or (holders.source = 'entra_signin' and holders.error_code = '500121')
            )
    ),

    acceptances as (
        select resets.reset_id, resets.person, resets.occurred_at as reset_at, holders.*
        from int_resets as resets
        inner join int_event_holders as holders on resets.person_id = holders.person_id
        where
            holders.outcome = 'success'
            and holders.occurred_at >= resets.occurred_at
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
            and (
                (holders.source = 'okta_system' and holders.action = 'user.authentication.auth_via_mfa')
                or (holders.source = 'entra_signin' and holders.is_mfa)
            )
    ),

    counted as (
        select
            acceptances.reset_id,
            acceptances.source,
            acceptances.event_id,
            count(*) as denial_count,
            min(denials.occurred_at) as first_denied_at
        from acceptances
        inner join
            denials
            on acceptances.person_id = denials.person_id
            and denials.occurred_at >= acceptances.occurred_at - cast($span as interval)
            and denials.occurred_at < acceptances.occurred_at
        group by acceptances.reset_id, acceptances.source, acceptances.event_id
        having count(*) >= $min_denials
    )

select
    'mfa_push_denied_then_accepted' as detection,
    acceptances.source,
    acceptances.tenant_id,
    acceptances.event_id,
    acceptances.occurred_at,
    acceptances.reset_id,
    acceptances.thing_id,
    acceptances.person
    || ' gave a second factor after '
    || counted.denial_count
    || ' refused or unanswered requests within '
    || date_diff('minute', counted.first_denied_at, acceptances.occurred_at)
    || ' minutes'
    || coalesce(', from ' || acceptances.network_id, '')
    || '.' as why
from counted
inner join acceptances using (reset_id, source, event_id)
qualify
    row_number() over (
        partition by acceptances.reset_id order by acceptances.occurred_at, acceptances.source, acceptances.event_id
    )
    = 1
