/*
title: Old session or token refused after the reset, from a new network
id: 73ab4876-7734-47c1-87fd-e805ec99108d
name: blocked_replay_after_reset
status: test
description: |
    Detects that an older token or session was presented after the reset from a network the person had not used, and
    was refused because it had been cut off.
    It matters because somebody holds a copy of the old token. It was refused here; look for a place where it was
    not.
references:
    - https://learn.microsoft.com/entra/identity-platform/refresh-tokens
    - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
author: postreset
date: 2026-11-23
tags: [attack.credential-access, attack.t1550.001, attack.t1550.004]
falsepositives:
    - The person's own phone on a journey, which was signed in before. The device is known.
level: medium
control_domain: sessions
points: 1.0
close_when: Every token from before the cut-off is refused everywhere, and the place where it was copied is cleaned.
csf: [RS.MI-01, DE.AE-02]
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
-- One signal per person and network. Grain: reset_id, network.
-- 50173 fresh token needed, 50133 session invalid after a password change, 70043 and 700082 token expired or revoked.
select
    'blocked_replay_after_reset' as detection,
    holders.source,
    holders.tenant_id,
    holders.event_id,
    holders.occurred_at,
    resets.reset_id,
    null::varchar as thing_id,
    'A token of '
    || resets.person
    || ' from before the reset was presented from '
    || holders.network_id
    || ' and refused ('
    || holders.error_code
    || '), '
    || count(*) over (partition by resets.reset_id, holders.network_id)
    || ' times in all.' as why
from int_resets as resets
inner join
    int_event_holders as holders
    on resets.person_id = holders.person_id
    and holders.occurred_at >= resets.occurred_at
    and holders.occurred_at < resets.occurred_at + cast($window as interval)
left join
    int_person_networks as known
    on resets.person_id = known.person_id
    and holders.network_id = known.network_id
    and known.known_since < resets.occurred_at - cast($known_for as interval)
where
    holders.outcome = 'failure'
    and holders.network_id is not null
    and known.network_id is null
    and (
        (
            holders.source in ('entra_signin', 'entra_signin_noninteractive')
            and holders.error_code in ('50173', '50133', '70043', '700082')
        )
        or (
            holders.source = 'aws_cloudtrail'
            and holders.session_started_at < resets.occurred_at
            and holders.error_code in ('ExpiredToken', 'ExpiredTokenException', 'InvalidClientTokenId')
        )
    )
qualify
    row_number() over (
        partition by resets.reset_id, holders.network_id order by holders.occurred_at, holders.source, holders.event_id
    )
    = 1
