/*
title: Roles of three accounts assumed from one reset
id: 430bf7e3-0f83-4d5f-98f2-a88f5abe45e2
name: role_chain_across_accounts
status: test
description: |
    Detects that sessions and keys reached from a reset assumed roles in three AWS accounts which neither the person nor the
    caller had entered before it.
    It matters because each account has owners of its own, and none of them sees the way that led there.
references:
    - https://permiso.io/blog/lucr-3-scattered-spider-getting-saas-y-in-the-cloud
    - https://securitylabs.datadoghq.com/articles/tales-from-the-cloud-trenches-unwanted-visitor/
author: postreset
date: 2026-11-23
tags: [attack.lateral-movement, attack.privilege-escalation, attack.t1078.004, attack.t1021.007]
falsepositives:
    - An administrator of the platform is on duty for the first time. The duty roster says so, and the roles are those of the duty.
level: medium
control_domain: entitlements
points: 1.5
close_when: The sessions of every role in the chain are revoked, and each account's owner knows what was done in it.
csf: [PR.AA-05, DE.AE-03]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
    min_accounts:
        default: 3
        unit: accounts never entered before
        reason: a change of team brings one or two
*/
-- One signal per reset from which enough new accounts were entered, at the last that it took. Grain: reset_id.
with
    assumed as (
        select holders.*
        from int_event_holders as holders
        where
            holders.source = 'aws_cloudtrail'
            and holders.service = 'sts.amazonaws.com'
            and starts_with(holders.action, 'AssumeRole')
            and holders.outcome = 'success'
            and holders.target_tenant_id is not null
    ),

    -- who entered which account, and when first: the same few roles are assumed all day
    entries as (
        select assumed.target_tenant_id, assumed.person_id, assumed.principal_id, min(assumed.occurred_at) as first_entered_at
        from assumed
        group by assumed.target_tenant_id, assumed.person_id, assumed.principal_id
    ),

    entered as (
        select reach.reset_id, assumed.*
        from reach
        inner join int_resets as resets using (reset_id)
        inner join assumed on reach.thing_id = assumed.thing_id and assumed.occurred_at >= reach.first_reached_at
        left join
            entries as by_person
            on assumed.target_tenant_id = by_person.target_tenant_id
            and resets.person_id = by_person.person_id
            and by_person.first_entered_at < resets.occurred_at
        left join
            entries as by_principal
            on assumed.target_tenant_id = by_principal.target_tenant_id
            and assumed.principal_id = by_principal.principal_id
            and by_principal.first_entered_at < resets.occurred_at
        where
            assumed.occurred_at >= resets.occurred_at
            and assumed.occurred_at < resets.occurred_at + cast($window as interval)
            and by_person.target_tenant_id is null
            and by_principal.target_tenant_id is null
        qualify
            row_number() over (
                partition by reach.reset_id, assumed.target_tenant_id order by assumed.occurred_at, assumed.event_id
            )
            = 1
    ),

    counted as (
        select
            entered.*,
            count(*) over (partition by entered.reset_id) as account_count,
            row_number() over (partition by entered.reset_id order by entered.occurred_at, entered.event_id) as account_number
        from entered
    )

select
    'role_chain_across_accounts' as detection,
    counted.source,
    counted.tenant_id,
    counted.event_id,
    counted.occurred_at,
    counted.reset_id,
    counted.thing_id,
    'Roles in '
    || counted.account_count
    || ' accounts never entered before the reset were assumed from what it reached; here '
    || coalesce(counted.principal_name, counted.principal_id, counted.thing_id)
    || ' assumed '
    || coalesce(counted.target_id, 'a role in ' || counted.target_tenant_id)
    || '.' as why
from counted
where counted.account_number = $min_accounts
