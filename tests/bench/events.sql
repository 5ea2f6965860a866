-- Made-up events of one source and day, in the order of time as they come, for a lake that is written without ingest. Grain:
-- event.
-- A principal works through a day in sessions of six hours, each with its own credential; few principals do much.
with
    numbers as (
        select
            numbers.i,
            (hash($source, $day, numbers.i) >> 1)::bigint as h,
            $first_at + to_microseconds(((numbers.i + 0.5) * $microseconds_apart)::bigint) as exact_at
        from range($first, $last) as numbers(i)
    ),

    holders as (
        select
            numbers.*,
            (power((numbers.h % 1000003) / 1000003, 2.5) * $principals)::bigint as holder,
            floor(extract(hour from numbers.exact_at) / 6)::bigint as shift,
            (numbers.h >> 20) % 100 as dice,
            case
                when $source = 'aws_cloudtrail' then date_trunc('second', numbers.exact_at) else numbers.exact_at
            end as occurred_at
        from numbers
    ),

    named as (
        select
            holders.*,
            lower(hex(holders.h) || hex(hash(holders.h))) || '0000000000000000' as digits,
            hex(hash($source, $day, holders.holder, holders.shift)) as session_digits,
            'person' || holders.holder || '@example.com' as upn
        from holders
    )

select
    digits[1:8] || '-' || digits[9:12] || '-' || digits[13:16] || '-' || digits[17:20] || '-' || digits[21:32] as event_id,
    $source as source,
    occurred_at,
    date_trunc('minute', occurred_at) + interval 5 minute as received_at,
    $day + interval 1 day as ingested_at,
    $provider as provider,
    case
        when $provider = 'aws' then (111122220000 + h % 20)::varchar else 'aaaaaaaa-0000-4000-8000-00000000000' || (h % 3)
    end as tenant_id,
    case when $provider = 'aws' then ['eu-central-1', 'us-east-1', 'eu-west-1'][1 + (h >> 8) % 3] end as region,
    $source || '.service' || dice % 12 as service,
    'Action' || dice as action,
    case when dice < 4 then 'failure' else 'success' end as outcome,
    case when dice < 4 then 'AccessDenied' end as error_code,
    dice > 30 as is_read_only,
    case
        when $source in ('entra_signin_service_principal', 'entra_signin_managed_identity')
        then 'application-' || holder
        else 'AROAEXAMPLE' || holder || ':' || upn
    end as principal_id,
    case
        when $source in ('entra_signin_service_principal', 'entra_signin_managed_identity') then 'Application ' || holder else upn
    end as principal_name,
    case
        $source
        when 'entra_signin_service_principal'
        then 'service_principal'
        when 'entra_signin_managed_identity'
        then 'managed_identity'
        else 'user'
    end as principal_kind,
    'aaaaaaaa-0000-4000-8000-000000000001' as principal_tenant_id,
    case
        when $provider = 'aws'
        then 'ASIA' || session_digits
        when $source = 'entra_signin_service_principal'
        then 'key-' || holder
        when $source = 'azure_storage'
        then 'token-' || session_digits
    end as credential_id,
    case when $provider = 'aws' then 'temporary_key' when $source = 'azure_storage' then 'oauth_token' end as credential_kind,
    'session-' || session_digits || '/' || shift as session_id,
    date_trunc('hour', occurred_at) as session_started_at,
    case when $has_token then digits[5:26] end as token_id,
    dice > 50 as is_mfa,
    'arn:aws:iam::111122220000:role/team-' || holder % 40 as issuer_id,
    null::varchar as source_identity,
    'bbbbbbbb-0000-4000-8000-0000000000' || lpad((dice % 60)::varchar, 2, '0') as app_id,
    case when $has_token then 'device-' || holder end as device_id,
    case
        when dice = 99 and h % 16 = 0
        then '2001:db8:' || digits[1:4] || '::' || digits[5:8]
        else '198.18.' || floor(holder / 250)::bigint % 250 || '.' || holder % 250
    end as source_ip,
    'agent/' || dice || ' (example client; build ' || holder % 7 || ')' as user_agent,
    ['DE', 'FR', 'US', 'GB'][1 + holder % 4] as country,
    64500 + holder % 10 as asn,
    case when dice > 20 then 'example-data-lake/curated/part-' || digits[1:18] || '.parquet' end as target_id,
    null::varchar as target_name,
    'object' as target_kind,
    null::varchar as target_tenant_id,
    case when dice = 7 then 'ASIA' || upper(digits[1:16]) end as issued_credential_id,
    case when dice = 8 then 'session-' || digits[1:16] end as issued_session_id,
    case when dice > 60 then h % 5000000 end as bytes_out,
    '{"id":"'
    || digits
    || '","action":"Action'
    || dice
    || '","who":"'
    || upn
    || '"'
    || case
        when dice % 4 = 0
        then
            ',"request":"'
            || digits[7:31]
            || session_digits
            || '","context":{"agent":"agent/'
            || dice
            || ' (example client)","policies":['
            || repeat('{"name":"example","result":"notApplied","grants":["read"]},', 2 + floor(dice / 12)::bigint)
            || '{}]}'
        else ''
    end
    || '}' as raw,
    $batch_id as batch_id,
    'made-up/' || $source || '/' || $day::varchar || '.json.gz' as source_file,
    i + 1 as source_row,
    (hash(h, 1) >> 1)::bigint as event_key
from named
