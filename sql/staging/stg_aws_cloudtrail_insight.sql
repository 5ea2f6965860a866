-- Insight events of CloudTrail: unusual rates of calls, kept apart from the calls themselves. Grain: one landed record.
-- One insight writes a row for its start and one for its end.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "eventTime": "VARCHAR", "awsRegion": "VARCHAR", "eventID": "VARCHAR", "recipientAccountId": "VARCHAR",
                    "sharedEventID": "VARCHAR", "insightDetails": {"state": "VARCHAR", "eventSource": "VARCHAR", "eventName": "VARCHAR", "insightType": "VARCHAR", "errorCode": "VARCHAR"}
                }'
            ) as e
        from landed
        where landed.source = 'aws_cloudtrail_insight'
    )

select
    coalesce(nullif(e.eventID, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    utc(e.eventTime) as occurred_at,
    delivered_at as received_at,
    'aws' as provider,
    e.recipientAccountId as tenant_id,
    e.awsRegion as region,
    e.insightDetails.eventSource as service,
    concat_ws(' ', coalesce(e.insightDetails.insightType, 'Insight'), e.insightDetails.state) as action,
    'unknown' as outcome,
    e.insightDetails.errorCode as error_code,
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
    e.insightDetails.eventName as target_id,
    e.insightDetails.eventName as target_name,
    'operation' as target_kind,
    null::varchar as target_tenant_id,
    null::varchar as issued_credential_id,
    null::varchar as issued_session_id,
    null::bigint as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from parsed
