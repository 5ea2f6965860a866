/*
title: Inbox rule made after a reset from a network the person never used
id: a438b102-f079-4d94-b2e3-7b6c90e0619d
name: inbox_rule_from_new_network
status: test
description: |
    Detects an inbox rule that is made or changed after the person's reset, from a network not used by the person before.
    It matters because the rule hides answers and warnings from the owner and lives on when the intruder is out.
references:
    - https://www.microsoft.com/en-us/security/blog/2022/07/12/from-cookie-theft-to-bec-attackers-use-aitm-phishing-sites-as-entry-point-to-further-financial-fraud/
    - https://www.microsoft.com/en-us/security/blog/2024/10/08/file-hosting-services-misused-for-identity-phishing/
author: postreset
date: 2026-11-23
tags: [attack.persistence, attack.stealth, attack.t1564.008, attack.t1078.004]
falsepositives:
    - A person on a journey tidies the mailbox. The rule moves newsletters, and the calendar names the place.
level: high
control_domain: data_access
points: 2.0
close_when: The rule is deleted, or the person wrote it; mail that it moved or forwarded is listed.
csf: [DE.CM-03, PR.DS-01]
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
-- One signal per network new to the person of a reset from which inbox rules were made. Grain: reset_id, network.
with
    made as (
        select
            resets.reset_id,
            resets.person,
            resets.occurred_at as reset_at,
            holders.*,
            count(*) over (partition by resets.reset_id, holders.network_id) as rule_count
        from int_resets as resets
        inner join int_event_holders as holders on resets.person_id = holders.person_id
        left join
            int_person_networks as known
            on resets.person_id = known.person_id
            and holders.network_id = known.network_id
            and known.known_since < resets.occurred_at - cast($known_for as interval)
        where
            holders.source = 'm365_audit'
            and lower(holders.action) in ('new-inboxrule', 'set-inboxrule', 'updateinboxrules')
            and holders.outcome = 'success'
            and holders.network_id is not null
            and known.network_id is null
            and holders.occurred_at >= resets.occurred_at
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
            -- without a past nothing can be called new
            and exists (
                select 1
                from int_person_networks as past
                where past.person_id = resets.person_id and past.first_seen_at < resets.occurred_at - cast($known_for as interval)
            )
    )

select
    'inbox_rule_from_new_network' as detection,
    made.source,
    made.tenant_id,
    made.event_id,
    made.occurred_at,
    made.reset_id,
    made.thing_id,
    made.person
    || ' made or changed '
    || made.rule_count
    || case when made.rule_count = 1 then ' inbox rule' else ' inbox rules' end
    || ' from '
    || made.network_id
    || ', a network new to the person, first '
    || date_diff('minute', made.reset_at, made.occurred_at)
    || ' minutes after the reset.' as why
from made
qualify row_number() over (partition by made.reset_id, made.network_id order by made.occurred_at, made.source, made.event_id) = 1
