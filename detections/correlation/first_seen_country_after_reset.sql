/*
title: First act from a country the person was never seen in
id: 5bc8fbbc-bde5-4099-8164-d8399f767c45
name: first_seen_country_after_reset
status: test
description: |
    Detects an act from a country that the person was not seen in within the 30 days before the reset.
    It matters because an intruder is seldom where the person lives, and says so only here.
references:
    - https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-320a
author: postreset
date: 2026-11-23
tags: [attack.initial-access, attack.t1078.004]
falsepositives:
    - A journey. The calendar says so, and the person's own device comes along.
level: medium
control_domain: sessions
points: 1.0
close_when: The person confirmed the journey through a channel known before the reset, or the sessions are dead.
csf: [DE.CM-03, DE.AE-02]
*/
-- One signal per reset, at the first of the new ones. Grain: reset_id.
with
    counted as (
        select first_seen.*, count(*) over (partition by first_seen.reset_id) as value_count
        from first_seen
        where first_seen.facet = 'country'
    )

select
    'first_seen_country_after_reset' as detection,
    counted.first_use.source as source,
    counted.first_use.tenant_id as tenant_id,
    counted.first_use.event_id as event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.first_use.thing_id as thing_id,
    counted.person
    || ' acted from '
    || counted.value
    || ' for the first time in the 30 days that were looked at'
    || case when counted.value_count > 1 then ', and ' || (counted.value_count - 1) || ' more like it' else '' end
    || '; before the reset '
    || case counted.known_count when 0 then 'none was' when 1 then 'one was' else counted.known_count || ' were' end
    || ' in use.' as why
from counted
qualify
    row_number() over (
        partition by counted.reset_id
        order by counted.occurred_at, counted.first_use.source, counted.first_use.event_id, counted.value
    )
    = 1
