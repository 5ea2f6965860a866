/*
title: Okta API token made and used from another network
id: 0a928893-775b-4cb0-a8e1-609be308cf2e
name: api_token_created_then_used_elsewhere
status: test
description: |
    Detects an Okta API token that the reset's person made after the reset and that is used from another network than that
    of its making.
    It matters because the token has all rights of its maker, asks for no factor and outlives every session.
references:
    - https://www.beyondtrust.com/blog/entry/okta-support-unit-breach
    - https://cloud.google.com/blog/topics/threat-intelligence/unc3944-targets-saas-applications
author: postreset
date: 2026-11-23
tags: [attack.persistence, attack.t1098.001, attack.t1550.001]
falsepositives:
    - An integration is set up at the desk and runs in a data centre. Its uses come from that network only.
level: high
control_domain: non_human_identities
points: 2.0
close_when: The token is revoked and no use of it is logged since, or its owner named what uses it and from where.
owasp_nhi: ["NHI7:2025", "NHI5:2025"]
csf: [PR.AA-01, DE.CM-03]
maestro: [L6]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
*/
-- One signal per API token made after a reset and used elsewhere. Grain: reset_id, token.
with
    made as (
        select
            resets.reset_id,
            resets.occurred_at as reset_at,
            holders.issued_credential_id as made_token_id,
            holders.occurred_at as made_at,
            holders.network_id as maker_network_id,
            coalesce(holders.principal_name, holders.principal_id) as maker
        from int_resets as resets
        inner join int_event_holders as holders on resets.person_id = holders.person_id
        where
            holders.source = 'okta_system'
            and holders.action = 'system.api_token.create'
            and holders.outcome = 'success'
            and holders.issued_credential_id is not null
            and holders.occurred_at >= resets.occurred_at
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
    ),

    used as (
        select made.*, holders.*, count(*) over (partition by made.reset_id, made.made_token_id) as use_count
        from made
        inner join
            int_event_holders as holders
            on made.made_token_id = holders.credential_id
            and holders.source = 'okta_system'
            and holders.occurred_at >= made.made_at
        where
            holders.outcome = 'success'
            and holders.network_id <> made.maker_network_id
            and holders.occurred_at < made.reset_at + cast($window as interval)
    )

select
    'api_token_created_then_used_elsewhere' as detection,
    used.source,
    used.tenant_id,
    used.event_id,
    used.occurred_at,
    used.reset_id,
    used.thing_id,
    'The API token that '
    || used.maker
    || ' made from '
    || used.maker_network_id
    || ' was used '
    || used.use_count
    || case when used.use_count = 1 then ' time' else ' times' end
    || ' from elsewhere, first '
    || date_diff('minute', used.made_at, used.occurred_at)
    || ' minutes later from '
    || used.network_id
    || '.' as why
from used
qualify
    row_number() over (partition by used.reset_id, used.made_token_id order by used.occurred_at, used.source, used.event_id) = 1
