-- Digest files of CloudTrail as events: each proves that an hour of a trail was logged, even if nothing was. Grain: one landed
-- record. Source:
-- https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "awsAccountId": "VARCHAR", "digestStartTime": "VARCHAR", "digestEndTime": "VARCHAR", "digestS3Bucket": "VARCHAR",
                    "digestS3Object": "VARCHAR", "digestPublicKeyFingerprint": "VARCHAR"
                }'
            ) as e
        from landed
        where landed.source = 'aws_cloudtrail_digest'
    ),

    -- <account>_CloudTrail-Digest_<region>_<trail>_<home region of the trail>_<time>: a trail's name may hold any of the marks
    named as (
        select
            parsed.*,
            regexp_extract(
                parsed.e.digestS3Object,
                '_CloudTrail-Digest_([a-z0-9-]+)_(.+)_([a-z0-9-]+)_\d{8}T\d{6}Z[^/]*$',
                ['region', 'trail', 'home']
            ) as name
        from parsed
    )

select
    coalesce(nullif(e.digestS3Object, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    utc(e.digestEndTime) as occurred_at,
    delivered_at as received_at,
    'aws' as provider,
    e.awsAccountId as tenant_id,
    coalesce(nullif(name.region, ''), nullif(regexp_extract(e.digestS3Object, '/CloudTrail-Digest/([^/]+)/', 1), '')) as region,
    'cloudtrail.amazonaws.com' as service,
    'DigestDelivered' as action,
    'success' as outcome,
    null::varchar as error_code,
    null::boolean as is_read_only,
    null::varchar as principal_id,
    'cloudtrail.amazonaws.com' as principal_name,
    'service' as principal_kind,
    null::varchar as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    null::varchar as session_id,
    null::timestamp as session_started_at,
    null::varchar as token_id,
    null::boolean as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    null::varchar as app_id,
    null::varchar as device_id,
    null::varchar as source_ip,
    null::varchar as user_agent,
    null::varchar as country,
    null::bigint as asn,
    case
        -- a trail of an organization is that of another account, and which one the file does not say
        when name.home <> '' and e.awsAccountId is not null and not regexp_matches(e.digestS3Object, '(^|/)AWSLogs/o-[a-z0-9]+/')
        then
            concat(
                case
                    when starts_with(name.home, 'us-gov-')
                    then 'arn:aws-us-gov'
                    when starts_with(name.home, 'cn-')
                    then 'arn:aws-cn'
                    else 'arn:aws'
                end,
                ':cloudtrail:',
                name.home,
                ':' || e.awsAccountId || ':trail/',
                name.trail
            )
    end as target_id,
    nullif(name.trail, '') as target_name,
    'trail' as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from named
