/*
title: Mail or files read from a network the person never used
id: cefa3ecc-e368-4058-a4b0-a953b2452a99
name: mail_or_files_read_from_new_network
status: test
description: |
    Detects a reached session that read mail or files of Microsoft 365 after the reset, directly or through Microsoft
    Graph, from a network the person had not used before and in which no device known before signed in.
    It matters because mailbox and shared files are what an intruder searches first, for passwords, plans and replies.
references:
    - https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-320a
    - https://learn.microsoft.com/graph/microsoft-graph-activity-logs-overview
    - https://learn.microsoft.com/purview/audit-log-investigate-accounts
author: postreset
date: 2026-11-23
tags: [attack.collection, attack.t1114.002, attack.t1213.002]
falsepositives:
    - A journey with nothing but a new device. The person reads what the person always reads.
    - A new phone with a new carrier. Its mail program fetches the mailbox as a whole.
level: medium
control_domain: data_access
points: 1.25
close_when: The person confirmed the reading, or what was read is listed, its owners informed, and the session is dead.
csf: [DE.AE-02, DE.CM-03, PR.DS-01]
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
-- One signal per reached session and network. Grain: reset_id, thing_id, network.
with
    reads as (
        select
            resets.reset_id,
            resets.person,
            resets.occurred_at as reset_at,
            holders.thing_id,
            holders.network_id,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at
        from reach
        inner join int_resets as resets using (reset_id)
        inner join int_event_holders as holders on reach.thing_id = holders.thing_id
        left join
            int_person_networks as known
            on resets.person_id = known.person_id
            and holders.network_id = known.network_id
            and known.known_since < resets.occurred_at - cast($known_for as interval)
        -- on a journey with a known device the person reads what the person always reads
        anti join
            int_vouched_networks as vouched on resets.reset_id = vouched.reset_id and holders.network_id = vouched.network_id
        where
            holders.outcome = 'success'
            and (
                holders.source = 'm365_audit'
                and holders.action in (
                    'MailItemsAccessed',
                    'MessageBind',
                    'SearchQueryInitiatedExchange',
                    'SearchQueryInitiatedSharePoint',
                    'FileAccessed',
                    'FileAccessedExtended',
                    'FileDownloaded',
                    'FileSyncDownloadedFull',
                    'FileSyncDownloadedPartial'
                )
                or holders.source = 'graph_activity'
                and regexp_matches(holders.action, '(?i)^GET /.*(messages|/drives?/|/drive$|driveitem|/search)')
            )
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
    ),

    counted as (
        select reads.*, count(*) over (partition by reads.reset_id, reads.thing_id, reads.network_id) as read_count from reads
    )

select
    'mail_or_files_read_from_new_network' as detection,
    counted.source,
    counted.tenant_id,
    counted.event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.thing_id,
    'Mail or files were read '
    || counted.read_count
    || case when counted.read_count = 1 then ' time' else ' times' end
    || ' from '
    || counted.network_id
    || ', a network new to '
    || counted.person
    || ', first '
    || date_diff('minute', counted.reset_at, counted.occurred_at)
    || ' minutes after the reset.' as why
from counted
qualify
    row_number() over (
        partition by counted.reset_id, counted.thing_id, counted.network_id
        order by counted.occurred_at, counted.source, counted.event_id
    )
    = 1
