-- Made-up people with a month of past, one night in which all of them are reset, and what follows. Grain: event.
-- One in ten is taken over: a role, a role from there, an access key used from another network, a secret of an application and
-- its sign-in, a secret read, a bucket.
with
    people as (
        select
            numbers.p,
            'reset' || numbers.p || '@example.com' as upn,
            md5('person' || numbers.p) as digits,
            '198.19.' || floor(numbers.p / 200)::bigint || '.' || numbers.p % 200 as home_ip,
            $night + to_seconds(numbers.p * 20) as reset_at,
            numbers.p % 10 = 0 as is_attacked
        from range($people) as numbers(p)
    ),

    named as (
        select
            people.*,
            digits[1:8] || '-' || digits[9:12] || '-4000-8000-' || digits[17:28] as user_id,
            'aaaaaaaa-0000-4000-8000-000000000000' as tenant_id,
            case when people.is_attacked then '203.0.113.' || people.p % 200 else people.home_ip end as new_ip
        from people
    ),

    -- forty acts a day in a session of that day; after the reset in a new one
    days as (
        select
            named.*,
            day.d,
            acts.k,
            $night - to_days(26) + to_days(day.d::integer) + to_seconds(21600 + acts.k * 700) as occurred_at
        from named
        cross join range(29) as day(d)
        cross join range(40) as acts(k)
    ),

    ordinary as (
        select
            ['entra_signin_noninteractive', 'graph_activity', 'm365_audit'][1 + days.k % 3] as source,
            ['azure', 'azure', 'm365'][1 + days.k % 3] as provider,
            ['Sign-in activity', 'Microsoft Graph Activity', 'MailItemsAccessed'][1 + days.k % 3] as action,
            case
                when days.occurred_at < days.reset_at then 'old-' || days.p || '-' || days.d else 'new-' || days.p
            end as session_id,
            days.*
        from days
    ),

    steps as (
        select
            unnest(
                [
                    struct_pack(source := 'entra_audit', action := 'Reset user password', n := 0, count := 1),
                    struct_pack(source := 'entra_signin', action := 'Sign-in activity', n := 1, count := 2),
                    struct_pack(source := 'aws_cloudtrail', action := 'AssumeRoleWithSAML', n := 2, count := 1),
                    struct_pack(source := 'aws_cloudtrail', action := 'ListBuckets', n := 3, count := 20),
                    struct_pack(source := 'aws_cloudtrail', action := 'AssumeRole', n := 4, count := 1),
                    struct_pack(source := 'aws_cloudtrail', action := 'GetSecretValue', n := 5, count := 2),
                    struct_pack(source := 'aws_cloudtrail', action := 'CreateAccessKey', n := 6, count := 1),
                    struct_pack(source := 'aws_cloudtrail', action := 'GetObject', n := 7, count := 60),
                    struct_pack(source := 'entra_audit', action := 'Add service principal credentials', n := 8, count := 1),
                    struct_pack(source := 'entra_signin_service_principal', action := 'Sign-in activity', n := 9, count := 10)
                ],
                recursive := true
            )
    ),

    chain as (
        select
            steps.source,
            steps.action,
            steps.n,
            acts.k,
            named.*,
            named.reset_at + to_seconds(steps.n * 600 + acts.k * 7) as occurred_at
        from named
        inner join steps on named.is_attacked or steps.n < 2
        cross join range(60) as acts(k)
        where acts.k < steps.count
    ),

    acted as (
        select
            ordinary.source,
            ordinary.provider,
            ordinary.tenant_id,
            ordinary.action,
            ordinary.user_id as principal_id,
            ordinary.upn as principal_name,
            'user' as principal_kind,
            ordinary.session_id,
            null as credential_id,
            null as credential_kind,
            null as issued_credential_id,
            null as target_id,
            null as target_name,
            null as target_kind,
            case when ordinary.occurred_at < ordinary.reset_at then ordinary.home_ip else ordinary.new_ip end as source_ip,
            null as issuer_id,
            ordinary.occurred_at,
            ordinary.p || '/o/' || ordinary.d || '/' || ordinary.k as number
        from ordinary
        union all by name
        select
            chain.source,
            case when chain.source = 'aws_cloudtrail' then 'aws' else 'azure' end as provider,
            case when chain.source = 'aws_cloudtrail' then '111122223333' else chain.tenant_id end as tenant_id,
            chain.action,
            case
                when chain.n = 0
                then 'helpdesk-' || chain.p % 10
                when chain.n in (1, 8)
                then chain.user_id
                when chain.n in (2, 3, 4)
                then 'AROAFIRST:' || chain.upn
                when chain.n in (5, 6)
                then 'AROASECOND' || chain.p || ':chained'
                when chain.n = 7
                then 'AIDAMADE' || chain.p
                else 'application-made-' || chain.p
            end as principal_id,
            case
                when chain.n = 0
                then 'helpdesk-' || chain.p % 10 || '@example.com'
                when chain.n in (1, 2, 3, 4, 8)
                then chain.upn
                when chain.n in (5, 6)
                then 'chained'
                when chain.n = 7
                then 'made-' || chain.p
                else 'Made ' || chain.p
            end as principal_name,
            case
                when chain.n in (0, 1, 7, 8)
                then 'user'
                when chain.n = 2
                then 'federated'
                when chain.n = 9
                then 'service_principal'
                else 'role'
            end as principal_kind,
            case when chain.n in (1, 8) then 'new-' || chain.p end as session_id,
            case
                when chain.n in (3, 4)
                then 'ASIAFIRST' || chain.p
                when chain.n in (5, 6)
                then 'ASIASECOND' || chain.p
                when chain.n = 7
                then 'AKIAMADE' || chain.p
                when chain.n = 9
                then 'dddddddd-0000-4000-8000-' || lpad(chain.p::varchar, 12, '0')
            end as credential_id,
            case when chain.n in (3, 4, 5, 6) then 'temporary_key' when chain.n = 7 then 'access_key' end as credential_kind,
            case
                when chain.n = 2
                then 'ASIAFIRST' || chain.p
                when chain.n = 4
                then 'ASIASECOND' || chain.p
                when chain.n = 6
                then 'AKIAMADE' || chain.p
                when chain.n = 8
                then 'dddddddd-0000-4000-8000-' || lpad(chain.p::varchar, 12, '0')
            end as issued_credential_id,
            case
                when chain.n = 0
                then chain.user_id
                when chain.n = 4
                then 'arn:aws:iam::111122223333:role/second'
                when chain.n = 5
                then 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:team-' || chain.p || '-AbCdEf'
                when chain.n = 6
                then 'made-' || chain.p
                when chain.n = 7
                then 'example-ledger/part-' || chain.k
                when chain.n = 8
                then 'application-made-' || chain.p
            end as target_id,
            case when chain.n = 0 then chain.upn when chain.n = 8 then 'Made ' || chain.p end as target_name,
            case
                when chain.n in (0, 6) then 'user' when chain.n = 7 then 'object' when chain.n = 8 then 'service_principal'
            end as target_kind,
            case when chain.n = 0 then '198.19.250.' || chain.p % 10 else chain.new_ip end as source_ip,
            case when chain.n in (3, 4) then 'arn:aws:iam::111122223333:role/first' end as issuer_id,
            chain.occurred_at,
            chain.p || '/c/' || chain.n || '/' || chain.k as number
        from chain
    )

select
    md5('planted' || acted.number) as event_id,
    acted.* exclude (number),
    acted.occurred_at as received_at,
    acted.occurred_at as ingested_at,
    case
        when acted.source = 'aws_cloudtrail'
        then
            case
                acted.action
                when 'GetObject'
                then 's3.amazonaws.com'
                when 'ListBuckets'
                then 's3.amazonaws.com'
                when 'GetSecretValue'
                then 'secretsmanager.amazonaws.com'
                when 'CreateAccessKey'
                then 'iam.amazonaws.com'
                else 'sts.amazonaws.com'
            end
    end as service,
    'success' as outcome,
    acted.action in ('ListBuckets', 'GetObject', 'GetSecretValue', 'MailItemsAccessed') as is_read_only,
    acted.tenant_id as principal_tenant_id,
    acted.source = 'entra_signin' as is_mfa,
    'Mozilla/5.0 (example client)' as user_agent,
    'DE' as country,
    case when starts_with(acted.source_ip, '203.') then 64499 else 64498 end as asn,
    '{"planted":"' || acted.number || '","properties":{"result":"success"}}' as raw,
    (hash(acted.number) >> 1)::bigint as event_key,
    'planted' as batch_id,
    'made-up/planted.json.gz' as source_file,
    row_number() over (order by acted.number) as source_row
from acted
