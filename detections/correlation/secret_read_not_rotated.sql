/*
title: Secret read for the first time and not rotated since
id: f3a5cad6-cba0-4be1-824f-3b1567b368b3
name: secret_read_not_rotated
status: test
description: |
    Detects a secret, parameter or storage account key that a reached session read after the reset, which its reader had
    never read before, and for which no rotation is in the logs since.
    It matters because closing the session does not take the secret back.
references:
    - https://permiso.io/blog/lucr-3-scattered-spider-getting-saas-y-in-the-cloud
    - https://securitylabs.datadoghq.com/articles/escalating-privileges-to-read-secrets-with-azure-key-vault-access-policies/
author: postreset
date: 2026-11-24
tags: [attack.credential-access, attack.t1555.006]
falsepositives:
    - A developer's first day on an application. The secret belongs to the developer's team.
level: medium
control_domain: secrets
points: 1.25
waits_for: a rotation of the secret
close_when: The secret was rotated after the last read and after the access was removed; both keys in the case of a storage account.
owasp_nhi: ["NHI2:2025", "NHI7:2025"]
csf: [PR.DS-01, RS.MI-02]
params:
    window:
        default: 72h
        unit: duration
        reason: the span of a hunt after its reset
*/
-- One signal per secret read from a reset's reach and not rotated since. Grain:
-- reset_id, secret.
with
    -- a secret is named by its ARN here and by its name there, and the ARN carries a
    -- random end
    touched as (
        select
            holders.*,
            regexp_replace(
                regexp_replace(lower(holders.target_id), '^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.*)-[a-z0-9]{6}$', '\1'),
                '^arn:[^:]*:ssm:[^:]*:[^:]*:parameter/',
                '/'
            ) as secret_id,
            case
                when
                    holders.action in (
                        'GetSecretValue',
                        'GetParameter',
                        'SecretGet',
                        'SecretBackup',
                        'MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION'
                    )
                then 'read'
                when
                    holders.action in (
                        'RotateSecret',
                        'PutSecretValue',
                        'UpdateSecret',
                        'DeleteSecret',
                        'PutParameter',
                        'DeleteParameter',
                        'SecretSet',
                        'SecretDelete',
                        'SecretPurge',
                        'MICROSOFT.STORAGE/STORAGEACCOUNTS/REGENERATEKEY/ACTION'
                    )
                then 'rotation'
            end as touch
        from int_event_holders as holders
        where holders.outcome = 'success' and holders.target_id is not null
    ),

    new_reads as (
        select reach.reset_id, resets.person_id as reset_person_id, resets.occurred_at as reset_at, touched.*
        from reach
        inner join int_resets as resets using (reset_id)
        inner join touched on reach.thing_id = touched.thing_id and touched.occurred_at >= reach.first_reached_at
        where
            touched.touch = 'read'
            and touched.occurred_at >= resets.occurred_at
            and touched.occurred_at < resets.occurred_at + cast($window as interval)
            and not exists (
                select 1
                from touched as earlier
                where
                    earlier.touch = 'read'
                    and earlier.secret_id = touched.secret_id
                    and earlier.provider = touched.provider
                    and earlier.occurred_at < resets.occurred_at
                    and (
                        earlier.person_id = coalesce(touched.person_id, resets.person_id)
                        or earlier.principal_id = touched.principal_id
                    )
            )
    ),

    last_reads as (
        select new_reads.*, count(*) over (partition by new_reads.reset_id, new_reads.secret_id) as read_count
        from new_reads
        qualify
            row_number() over (
                partition by new_reads.reset_id, new_reads.provider, new_reads.secret_id
                order by new_reads.occurred_at desc, new_reads.source, new_reads.event_id
            )
            = 1
    ),

    rotations as (
        select last_reads.reset_id, last_reads.secret_id, last_reads.event_id, count(*) as rotation_count
        from last_reads
        inner join
            touched
            on last_reads.secret_id = touched.secret_id
            and last_reads.provider = touched.provider
            and touched.touch = 'rotation'
            and touched.occurred_at > last_reads.occurred_at
            and touched.occurred_at < last_reads.reset_at + cast($window as interval)
        group by all
    )

select
    'secret_read_not_rotated' as detection,
    last_reads.source,
    last_reads.tenant_id,
    last_reads.event_id,
    last_reads.occurred_at,
    last_reads.reset_id,
    last_reads.thing_id,
    coalesce(last_reads.principal_name, last_reads.principal_id, 'A reached session')
    || case when last_reads.source = 'azure_activity' then ' fetched the keys of storage account ' else ' read ' end
    || coalesce(last_reads.target_name, last_reads.target_id)
    || ' '
    || last_reads.read_count
    || case when last_reads.read_count = 1 then ' time' else ' times' end
    || ' after the reset and never before it; '
    || case when rotations.rotation_count = 1 then 'one of its two keys was regenerated' else 'no rotation is logged' end
    || ' up to '
    || strftime(
        least((select max(int_log_coverage.last_at) from int_log_coverage), last_reads.reset_at + cast($window as interval)),
        '%Y-%m-%d %H:%M'
    )
    || ' UTC.' as why
from last_reads
left join rotations using (reset_id, secret_id, event_id)
where
    -- a storage account has two keys and the log does not say which one was used
    coalesce(rotations.rotation_count, 0)
    < case when last_reads.action = 'MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION' then 2 else 1 end
