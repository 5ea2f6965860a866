/*
title: Device code sign-in, then a device registered
id: f08db22f-d293-456a-b170-fab23d90fbac
name: device_code_then_device_registered
status: test
description: |
    Detects a person whose sign-in with a device code was followed within an hour by the registration of a device in the
    person's name, from a day before the reset on.
    It matters because the device gets a primary refresh token of its own, which the reset of the password does not end.
references:
    - https://www.microsoft.com/en-us/security/blog/2025/02/13/storm-2372-conducts-device-code-phishing-campaign/
author: postreset
date: 2026-11-23
tags: [attack.persistence, attack.t1098.005, attack.t1528]
falsepositives:
    - A meeting-room device that is set up with somebody's account. It is in the asset register and stays in the office.
level: high
control_domain: sessions
points: 2.5
close_when: The device is disabled and deleted, and the person's tokens were cut off after that.
csf: [PR.AA-01, RS.MI-01]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    before:
        default: 24h
        unit: duration
        reason: the code may have been phished before the reset, which is then what made the victim suspicious
    within:
        default: 1h
        unit: duration
        reason: the token of the device code is good for about an hour
*/
-- One signal per device. Grain: reset_id, device.
with
    codes as (
        select
            resets.reset_id,
            resets.person,
            resets.person_id,
            resets.occurred_at as reset_at,
            holders.occurred_at,
            holders.network_id,
            holders.thing_id
        from int_resets as resets
        inner join
            int_event_holders as holders
            on resets.person_id = holders.person_id
            and holders.occurred_at >= resets.occurred_at - cast($before as interval)
            and holders.occurred_at < resets.occurred_at + cast($window as interval)
        where holders.is_device_code and holders.outcome = 'success'
    )

select
    'device_code_then_device_registered' as detection,
    registered.source,
    registered.tenant_id,
    registered.event_id,
    registered.occurred_at,
    codes.reset_id,
    codes.thing_id,
    codes.person
    || ' signed in with a device code'
    || coalesce(' from ' || codes.network_id, '')
    || ', and '
    || date_diff('minute', codes.occurred_at, registered.occurred_at)
    || ' minutes later the device '
    || coalesce(registered.target_name, registered.target_id, 'without a name')
    || ' was registered in that name'
    || case when registered.occurred_at < codes.reset_at then ', before the reset' else '' end
    || '.' as why
from codes
inner join
    int_event_holders as registered
    on codes.person_id = registered.person_id
    and registered.occurred_at >= codes.occurred_at
    and registered.occurred_at <= codes.occurred_at + cast($within as interval)
where
    registered.action in ('Register device', 'Add device', 'Add registered owner to device', 'Add registered users to device')
    and registered.outcome = 'success'
qualify
    row_number() over (
        partition by codes.reset_id, coalesce(registered.target_id, registered.event_id)
        order by registered.occurred_at, registered.source, registered.event_id, codes.occurred_at
    )
    = 1
