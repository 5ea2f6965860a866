/*
title: Storage keys listed, then used from a new network
id: 604a1910-a51a-4caa-80bc-fec79eca6198
name: storage_keys_listed_then_used_elsewhere
status: test
description: |
    Detects reads with an account key or a shared access signature, from a network that never read this storage account
    with one before, after a reached session listed the account's keys.
    It matters because these reads name nobody: the listing is the only thread from the person to the data.
references:
    - https://www.microsoft.com/en-us/security/blog/2025/08/27/storm-0501s-evolving-techniques-lead-to-cloud-based-ransomware/
author: postreset
date: 2026-11-23
tags: [attack.collection, attack.exfiltration, attack.t1530, attack.t1078.004]
falsepositives:
    - A new server or build network begins to use the account on the same day. Its owner names address and purpose.
level: high
control_domain: data_access
points: 2.0
close_when: Both keys were regenerated after the last read, and the owner of the data knows what was read.
owasp_nhi: ["NHI7:2025", "NHI2:2025"]
csf: [PR.DS-01, DE.AE-03]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
*/
-- One signal per storage account and network new to its keys. Grain: reset_id, storage account, network.
with
    listed as (
        select
            reach.reset_id,
            resets.occurred_at as reset_at,
            reach.first_reached_at as listed_at,
            split_part(reach.thing_id, ':', 2) as account
        from reach
        inner join int_resets as resets using (reset_id)
        where starts_with(reach.thing_id, 'storage-keys:')
    ),

    reads as (
        select
            holders.*,
            lower(holders.target_name) as account,
            coalesce(holders.network_id, holders.source_ip) as place,
            min(holders.occurred_at) over (
                partition by lower(holders.target_name), coalesce(holders.network_id, holders.source_ip)
            ) as place_first_used_at
        from int_event_holders as holders
        where holders.credential_kind in ('account_key', 'sas') and holders.outcome = 'success'
    ),

    new_reads as (
        select
            listed.reset_id,
            listed.listed_at,
            reads.*,
            count(*) over (partition by listed.reset_id, reads.account, reads.place) as read_count
        from listed
        inner join reads on listed.account = reads.account and reads.occurred_at >= listed.listed_at
        where
            reads.place is not null
            and reads.occurred_at < listed.reset_at + cast($window as interval)
            and reads.place_first_used_at >= listed.listed_at
    )

select
    'storage_keys_listed_then_used_elsewhere' as detection,
    new_reads.source,
    new_reads.tenant_id,
    new_reads.event_id,
    new_reads.occurred_at,
    new_reads.reset_id,
    new_reads.thing_id,
    'Storage account '
    || new_reads.target_name
    || ' was opened '
    || new_reads.read_count
    || case when new_reads.read_count = 1 then ' time' else ' times' end
    || ' with '
    || case when new_reads.credential_kind = 'sas' then 'a shared access signature' else 'an account key' end
    || ' from '
    || new_reads.place
    || ', never before used for that, first '
    || date_diff('minute', new_reads.listed_at, new_reads.occurred_at)
    || ' minutes after its keys were listed.' as why
from new_reads
qualify
    row_number() over (
        partition by new_reads.reset_id, new_reads.account, new_reads.place
        order by new_reads.occurred_at, new_reads.source, new_reads.event_id
    )
    = 1
