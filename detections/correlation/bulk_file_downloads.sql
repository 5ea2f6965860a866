/*
title: Far more files or mails fetched from Microsoft 365 than ever before
id: b885c453-c6e5-49a3-83ec-ab18ae743475
name: bulk_file_downloads
status: test
description: |
    Detects a day after the reset on which the person fetched many different files from SharePoint and OneDrive, or read
    many mailbox items: many by itself, and several times the person's best day before the reset.
    It matters because an account of the office suite opens what the organisation knows, without any role in a cloud.
references:
    - https://www.cisa.gov/news-events/cybersecurity-advisories/aa21-008a
    - https://www.microsoft.com/en-us/security/blog/2024/10/08/file-hosting-services-misused-for-identity-phishing/
author: postreset
date: 2026-11-23
tags: [attack.collection, attack.exfiltration, attack.t1530, attack.t1213.002]
falsepositives:
    - A new laptop fetches the person's own folders. It is done by the synchronisation of a registered device.
level: medium
control_domain: data_access
points: 1.5
close_when: What was fetched is listed and its owners informed, and the sessions that fetched it are dead.
csf: [DE.AE-02, DE.AE-04, PR.DS-01]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    min_items:
        default: 100
        unit: different files or mails in 24 hours
        reason: below it a person works
    factor:
        default: 3
        unit: times the person's best day before
        reason: people have busy days; three times the best of them is another kind of day
*/
-- One signal per reset with a day of downloads beyond the person's past. Grain: reset_id.
with
    fetched as (
        select
            resets.reset_id,
            resets.person,
            resets.occurred_at as reset_at,
            holders.*,
            coalesce(holders.target_id, holders.event_id) as item_id,
            -- days of a hunt begin with its reset; those before it are negative
            floor(date_diff('minute', resets.occurred_at, holders.occurred_at) / 1440.0) as day_number
        from int_resets as resets
        inner join int_event_holders as holders on resets.person_id = holders.person_id
        where
            holders.source = 'm365_audit'
            and holders.outcome = 'success'
            and holders.action
            in ('FileDownloaded', 'FileSyncDownloadedFull', 'FileSyncDownloadedPartial', 'MailItemsAccessed', 'MessageBind')
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
    ),

    days as (
        select fetched.reset_id, fetched.day_number, count(distinct fetched.item_id) as item_count
        from fetched
        group by fetched.reset_id, fetched.day_number
    ),

    past as (select days.reset_id, max(days.item_count) as item_count from days where days.day_number < 0 group by days.reset_id),

    firsts as (
        select fetched.*
        from fetched
        where fetched.occurred_at >= fetched.reset_at
        qualify
            row_number() over (
                partition by fetched.reset_id, fetched.day_number, fetched.item_id
                order by fetched.occurred_at, fetched.source, fetched.event_id
            )
            = 1
    ),

    numbered as (
        select
            firsts.*,
            days.item_count as day_item_count,
            past.item_count as past_item_count,
            row_number() over (
                partition by firsts.reset_id, firsts.day_number order by firsts.occurred_at, firsts.source, firsts.event_id
            ) as item_number
        from firsts
        inner join days on firsts.reset_id = days.reset_id and firsts.day_number = days.day_number
        left join past on firsts.reset_id = past.reset_id
    )

select
    'bulk_file_downloads' as detection,
    numbered.source,
    numbered.tenant_id,
    numbered.event_id,
    numbered.occurred_at,
    numbered.reset_id,
    numbered.thing_id,
    numbered.person
    || ' fetched '
    || numbered.day_item_count
    || ' different files or mails from Microsoft 365 within 24 hours; '
    || coalesce('at most ' || numbered.past_item_count || ' on any day before the reset', 'none is known from before the reset')
    || '.' as why
from numbered
where numbered.item_number = $min_items and numbered.day_item_count > $factor * coalesce(numbered.past_item_count, 0)
qualify row_number() over (partition by numbered.reset_id order by numbered.occurred_at, numbered.source, numbered.event_id) = 1
