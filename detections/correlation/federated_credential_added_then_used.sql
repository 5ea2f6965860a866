/*
title: Federated credential added and used
id: 6f3167c9-2177-4d78-9edb-f91a293bc995
name: federated_credential_added_then_used
status: test
description: |
    Detects an application that got a federated credential from within a reset's reach and then signs in with one that it
    never used before.
    It matters because tokens of a foreign issuer now open the tenant, with no secret to find and no person to reset.
references:
    - https://dirkjanm.io/persisting-with-federated-credentials-entra-apps-managed-identities/
    - https://www.microsoft.com/en-us/security/blog/2024/01/25/midnight-blizzard-guidance-for-responders-on-nation-state-attack/
author: postreset
date: 2026-11-23
tags: [attack.persistence, attack.t1098.001, attack.t1078.004]
falsepositives:
    - A pipeline moves from secrets to federation, and its first run follows. Issuer and repository are the organisation's.
level: high
control_domain: non_human_identities
points: 2.0
close_when: The credential is removed, or its issuer and subject are the organisation's own, and no sign-in with it is logged since.
owasp_nhi: ["NHI4:2025", "NHI1:2025"]
csf: [PR.AA-01, PR.AA-04]
maestro: [L6]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
*/
-- One signal per federated credential first used after one was added from a reset's reach. Grain: reset_id, credential.
with
    added as (
        select
            reach.reset_id,
            resets.occurred_at as reset_at,
            holders.occurred_at as added_at,
            holders.tenant_id,
            holders.target_id as application_id,
            holders.target_name as application,
            coalesce(holders.principal_name, holders.principal_id, 'a reached session') as adder
        from signals
        inner join
            int_event_holders as holders
            on signals.source = holders.source
            and signals.event_id = holders.event_id
            and signals.tenant_id is not distinct from holders.tenant_id
        inner join reach on holders.thing_id = reach.thing_id and holders.occurred_at >= reach.first_reached_at
        inner join int_resets as resets on reach.reset_id = resets.reset_id
        where
            signals.detection = 'entra_federated_credential_added'
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
    ),

    first_uses as (
        select holders.credential_id, min(holders.occurred_at) as first_used_at
        from int_event_holders as holders
        where holders.credential_kind = 'federated_credential' and holders.outcome = 'success'
        group by holders.credential_id
    ),

    used as (
        select added.* exclude (tenant_id), holders.*
        from added
        inner join
            int_event_holders as holders
            -- the application and its service principal have two ids and one name
            on (
                lower(added.application) = lower(holders.principal_name)
                or added.application_id = holders.principal_id
                or added.application_id = holders.app_id
            )
            and added.tenant_id is not distinct from holders.tenant_id
            and holders.occurred_at >= added.added_at
        inner join first_uses on holders.credential_id = first_uses.credential_id
        where
            holders.credential_kind = 'federated_credential'
            and holders.outcome = 'success'
            and holders.occurred_at < added.reset_at + cast($window as interval)
            and first_uses.first_used_at >= added.added_at
    )

select
    'federated_credential_added_then_used' as detection,
    used.source,
    used.tenant_id,
    used.event_id,
    used.occurred_at,
    used.reset_id,
    used.thing_id,
    coalesce(used.principal_name, used.principal_id)
    || ' signed in with a federated credential never used before, '
    || date_diff('minute', used.added_at, used.occurred_at)
    || ' minutes after '
    || used.adder
    || ' set the federated credentials of the application'
    || coalesce(', from ' || used.network_id, '')
    || '.' as why
from used
qualify
    row_number() over (
        partition by used.reset_id, used.credential_id order by used.occurred_at, used.source, used.event_id, used.added_at
    )
    = 1
