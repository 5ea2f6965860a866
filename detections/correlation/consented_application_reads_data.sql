/*
title: Application consented to, then reading with it
id: 795a6bb7-f36e-4ec3-9732-0d6ec20b0a52
name: consented_application_reads_data
status: test
description: |
    Detects that the reset's person, or what was reached from it, consents to an application, and that an application never
    seen before then reads through Microsoft Graph or in Microsoft 365 as that person or as itself.
    It matters because the application holds tokens of its own: the next reset of the password does not end them.
references:
    - https://www.microsoft.com/en-us/security/blog/2022/09/22/malicious-oauth-applications-used-to-compromise-email-servers-and-spread-spam/
    - https://www.microsoft.com/en-us/security/blog/2024/01/25/midnight-blizzard-guidance-for-responders-on-nation-state-attack/
author: postreset
date: 2026-11-23
tags: [attack.credential-access, attack.collection, attack.t1528, attack.t1550.001]
falsepositives:
    - A new tool of a verified publisher, chosen with the person's team. Others consent to it in the same weeks.
level: medium
control_domain: non_human_identities
points: 1.5
close_when: The grant is removed and the application's tokens are revoked, or its publisher and purpose are known.
owasp_nhi: ["NHI3:2025"]
csf: [PR.AA-05, DE.CM-06]
maestro: [L7]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
*/
-- One signal per application that began to read after a consent. Grain: reset_id, application.
with
    consents as (
        select
            resets.reset_id,
            resets.occurred_at as reset_at,
            holders.occurred_at as consented_at,
            holders.tenant_id,
            holders.person_id,
            holders.target_id,
            holders.target_name as application,
            coalesce(holders.principal_name, holders.principal_id, 'a reached session') as consenter
        from int_resets as resets
        inner join
            int_event_holders as holders
            on holders.occurred_at >= resets.occurred_at
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
        where
            holders.source in ('entra_audit', 'm365_audit')
            and holders.action = 'Consent to application'
            and holders.outcome = 'success'
            and (
                holders.person_id = resets.person_id
                or exists (
                    select 1
                    from reach
                    where
                        reach.reset_id = resets.reset_id
                        and reach.thing_id = holders.thing_id
                        and reach.first_reached_at <= holders.occurred_at
                )
            )
    ),

    new_applications as (
        select holders.app_id, min(holders.occurred_at) as first_seen_at
        from int_event_holders as holders
        where holders.app_id is not null and holders.outcome = 'success'
        group by holders.app_id
        having min(holders.occurred_at) >= (select min(consents.consented_at) from consents)
    ),

    reads as (
        select holders.*, new_applications.first_seen_at
        from int_event_holders as holders
        inner join new_applications on holders.app_id = new_applications.app_id
        where holders.source in ('graph_activity', 'm365_audit') and holders.is_read_only and holders.outcome = 'success'
    ),

    new_reads as (
        select consents.reset_id, consents.consented_at, consents.consenter, consents.application, reads.*
        from consents
        inner join
            reads
            on reads.occurred_at >= consents.consented_at
            and reads.occurred_at < consents.reset_at + cast($window as interval)
            and (reads.person_id = consents.person_id or reads.principal_id = consents.target_id)
            and reads.first_seen_at >= consents.consented_at
        -- two logs tell of one consent
        qualify
            row_number() over (
                partition by consents.reset_id, reads.source, reads.event_id
                order by consents.consented_at desc, consents.application
            )
            = 1
    ),

    counted as (
        select new_reads.*, count(*) over (partition by new_reads.reset_id, new_reads.app_id) as read_count from new_reads
    )

select
    'consented_application_reads_data' as detection,
    counted.source,
    counted.tenant_id,
    counted.event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.thing_id,
    'An application never seen before ('
    || counted.app_id
    || ') read '
    || counted.read_count
    || case when counted.read_count = 1 then ' time' else ' times' end
    || ', first '
    || date_diff('minute', counted.consented_at, counted.occurred_at)
    || ' minutes after '
    || counted.consenter
    || ' consented to '
    || coalesce(counted.application, 'an application')
    || '.' as why
from counted
qualify
    row_number() over (
        partition by counted.reset_id, counted.app_id order by counted.occurred_at, counted.source, counted.event_id
    )
    = 1
