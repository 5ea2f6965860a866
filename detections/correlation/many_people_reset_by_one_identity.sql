/*
title: Several people reset by one identity within an hour
id: 855b3287-24ee-4c07-bf58-67434b3b5aeb
name: many_people_reset_by_one_identity
status: test
description: |
    Detects a reset that is one of several which the same identity performed for different people within an hour.
    It matters because an intruder with the rights of the service desk opens accounts until one has what is wanted.
references:
    - https://www.microsoft.com/en-us/security/blog/2023/10/25/octo-tempest-crosses-boundaries-to-facilitate-extortion-encryption-and-destruction/
    - https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-320a
author: postreset
date: 2026-11-23
tags: [attack.initial-access, attack.persistence, attack.t1656, attack.t1098]
falsepositives:
    - A day on which many begin, or a reset of all after an incident. It is announced, and the people sign in from the office.
level: medium
control_domain: help_desk
points: 1.0
close_when: Every one of the people confirmed the reset, and whoever performed it explained the series.
csf: [PR.AA-02, DE.AE-03]
params:
    span:
        default: 1h
        unit: duration
        reason: the service desk resets a few people a day; within an hour they are a series
    min_people:
        default: 3
        unit: people, the one of this reset among them
        reason: two in an hour happen after a weekend
*/
-- One signal per reset that is part of a series. Grain: reset_id.
with
    performed as (
        select resets.*, coalesce(resets.performed_by_id, resets.performed_by) as performer
        from int_resets as resets
        where resets.by_somebody_else
    ),

    series as (
        select performed.reset_id, count(distinct others.person_id) as people_count
        from performed
        inner join
            int_reset_series as others
            on performed.performer = others.performer
            and others.occurred_at >= performed.occurred_at - cast($span as interval)
            and others.occurred_at <= performed.occurred_at + cast($span as interval)
        group by performed.reset_id
        having count(distinct others.person_id) >= $min_people
    )

select
    'many_people_reset_by_one_identity' as detection,
    holders.source,
    holders.tenant_id,
    holders.event_id,
    holders.occurred_at,
    performed.reset_id,
    cast(null as varchar) as thing_id,
    performed.performed_by
    || ' reset '
    || series.people_count
    || ' people, '
    || performed.person
    || ' among them, no more than '
    || $span
    || ' before or after.' as why
from series
inner join performed using (reset_id)
inner join
    int_event_holders as holders
    on list_contains(performed.event_ids, holders.event_id)
    and holders.occurred_at between performed.occurred_at and performed.ended_at
qualify row_number() over (partition by performed.reset_id order by holders.occurred_at, holders.source, holders.event_id) = 1
