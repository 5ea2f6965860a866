/*
title: Secret read, then a key used from a network its owner never used
id: db8cba76-9ceb-475d-91fb-e2e08e7afe58
name: secret_read_then_its_key_used_elsewhere
status: test
description: |
    Detects an access key that is used from a network new to its owner, within a day after a reached session read a secret
    that may have held it.
    It matters because what was in the secret goes on working after every session of the person is closed.
references:
    - https://permiso.io/blog/lucr-3-scattered-spider-getting-saas-y-in-the-cloud
    - https://unit42.paloaltonetworks.com/muddled-libra-evolution-to-cloud/
author: postreset
date: 2026-11-23
tags: [attack.credential-access, attack.lateral-movement, attack.t1555.006, attack.t1078.004]
falsepositives:
    - A service moves to new machines on the day that somebody looks at its secret. The new network belongs to the organisation.
level: high
control_domain: secrets
points: 2.0
close_when: The key is deleted or inactive, sessions made from it are revoked, and no use of it is logged since.
owasp_nhi: ["NHI2:2025", "NHI7:2025"]
csf: [PR.DS-01, RS.MI-02]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
*/
-- One signal per key whose use from a new network follows the read of a secret. Grain: reset_id, key, network.
with
    followed as (
        select
            reach.reset_id,
            reach.thing_id as secret_id,
            reach.first_reached_at as read_at,
            edges.to_thing_id as key_thing_id,
            edges.confidence as edge_confidence,
            holders.*
        from reach
        inner join int_resets as resets using (reset_id)
        inner join
            int_trust_edges as edges on reach.thing_id = edges.from_thing_id and edges.occurred_at >= reach.first_reached_at
        inner join
            int_event_holders as holders
            on edges.source = holders.source
            and edges.event_id = holders.event_id
            and edges.tenant_id is not distinct from holders.tenant_id
        where
            edges.kind = 'reads_secret'
            and edges.to_kind = 'access_key_use'
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
    ),

    travelled as (
        select followed.*
        from followed
        where
            followed.network_id is not null
            and not exists (
                select 1
                from int_principal_networks as known
                where
                    known.principal_id = followed.principal_id
                    and known.network_id = followed.network_id
                    and known.first_seen_at < followed.occurred_at
            )
            -- an owner who was never seen anywhere is new, and no network is new to it
            and exists (
                select 1
                from int_principal_networks as known
                where known.principal_id = followed.principal_id and known.first_seen_at < followed.occurred_at
            )
    )

select
    'secret_read_then_its_key_used_elsewhere' as detection,
    travelled.source,
    travelled.tenant_id,
    travelled.event_id,
    travelled.occurred_at,
    travelled.reset_id,
    travelled.thing_id,
    'The access key of '
    || coalesce(travelled.principal_name, travelled.principal_id)
    || ' was used from '
    || travelled.network_id
    || ', new to it, '
    || date_diff('minute', travelled.read_at, travelled.occurred_at)
    || ' minutes after the secret '
    || substr(travelled.secret_id, 8)
    || ' was read.' as why
from travelled
qualify
    row_number() over (
        partition by travelled.reset_id, travelled.key_thing_id
        order by travelled.edge_confidence desc, travelled.occurred_at, travelled.source, travelled.event_id, travelled.secret_id
    )
    = 1
