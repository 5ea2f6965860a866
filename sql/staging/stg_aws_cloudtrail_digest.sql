-- Digest files of CloudTrail as events: each proves that an hour of a trail was logged. Grain: one landed record.
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
    )

select
    coalesce(nullif(e.digestS3Object, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    utc(e.digestEndTime) as occurred_at,
    delivered_at as received_at,
    'aws' as provider,
    e.awsAccountId as tenant_id,
    nullif(regexp_extract(e.digestS3Object, '/CloudTrail-Digest/([^/]+)/', 1), '') as region,
    'cloudtrail.amazonaws.com' as service,
    'DigestDelivered' as action,
    'success' as outcome,
    null::varchar as error_code,
    true as is_read_only,
    'cloudtrail.amazonaws.com' as principal_id,
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
    e.digestS3Bucket || '/' || e.digestS3Object as target_id,
    regexp_extract(e.digestS3Object, '[^/]+$') as target_name,
    'digest' as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from parsed
