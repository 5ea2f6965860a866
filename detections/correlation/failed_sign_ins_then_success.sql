/*
title: Many wrong passwords from a new network, then the right one
id: 010b15af-56ff-4437-8bda-a1424c605966
name: failed_sign_ins_then_success
status: test
description: |
    Detects a sign-in after the reset from a network new to the person, from which the password was wrong many times in the
    hour before.
    It matters because passwords given out by a service desk follow a pattern, and patterns are guessed.
references:
    - https://www.microsoft.com/en-us/security/blog/2024/01/25/midnight-blizzard-guidance-for-responders-on-nation-state-attack/
    - https://www.microsoft.com/en-us/security/blog/2022/03/22/dev-0537-criminal-actor-targeting-organizations-for-data-exfiltration-and-destruction/
author: postreset
date: 2026-11-23
tags: [attack.credential-access, attack.initial-access, attack.t1078.004, attack.t1110.001, attack.t1110.003]
falsepositives:
    - A mail program on a journey goes on with the old password until the person types the new one. One device, and it stays.
level: medium
control_domain: sessions
points: 1.5
close_when: The person confirmed the sign-in through a channel known before the reset, or the password is new and tokens were cut off.
csf: [PR.AA-03, DE.CM-03]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    span:
        default: 1h
        unit: duration
        reason: of the wrong passwords before the right one
    min_failures:
        default: 10
        unit: wrong passwords
        reason: a person asks for help before the tenth
    known_for:
        default: 12h
        unit: duration
        reason: a network first seen on the day of the reset may be the intruder's, who often tries before
*/
-- One signal per network new to the person of a reset from which the password was guessed. Grain: reset_id, network.
with
    failures as (
        select holders.person_id, holders.network_id, holders.occurred_at
        from int_event_holders as holders
        where
            holders.outcome = 'failure'
            and holders.network_id is not null
            and (
                (holders.source in ('entra_signin', 'entra_signin_noninteractive') and holders.error_code = '50126')
                or (
                    holders.source = 'okta_system'
                    and holders.action in ('user.session.start', 'user.authentication.auth')
                    and holders.error_code in ('INVALID_CREDENTIALS', 'VERIFICATION_ERROR')
                )
                or (holders.source = 'aws_cloudtrail' and holders.action = 'ConsoleLogin')
            )
    ),

    successes as (
        select resets.reset_id, resets.person, holders.*
        from int_resets as resets
        inner join int_event_holders as holders on resets.person_id = holders.person_id
        left join
            int_person_networks as known
            on resets.person_id = known.person_id
            and holders.network_id = known.network_id
            and known.known_since < resets.occurred_at - cast($known_for as interval)
        where
            holders.outcome = 'success'
            and known.network_id is null
            and holders.occurred_at >= resets.occurred_at
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
            and (holders.source = 'entra_signin' or holders.action in ('user.session.start', 'ConsoleLogin'))
    ),

    counted as (
        select successes.reset_id, successes.source, successes.event_id, count(*) as failure_count
        from successes
        inner join
            failures
            on successes.person_id = failures.person_id
            and successes.network_id = failures.network_id
            and failures.occurred_at >= successes.occurred_at - cast($span as interval)
            and failures.occurred_at < successes.occurred_at
        group by successes.reset_id, successes.source, successes.event_id
        having count(*) >= $min_failures
    )

select
    'failed_sign_ins_then_success' as detection,
    successes.source,
    successes.tenant_id,
    successes.event_id,
    successes.occurred_at,
    successes.reset_id,
    successes.thing_id,
    successes.person
    || ' signed in from '
    || successes.network_id
    || ', a network new to the person, after '
    || counted.failure_count
    || ' wrong passwords from there within '
    || $span
    || '.' as why
from counted
inner join successes using (reset_id, source, event_id)
qualify
    row_number() over (
        partition by successes.reset_id, successes.network_id order by successes.occurred_at, successes.source, successes.event_id
    )
    = 1
