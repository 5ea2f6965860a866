-- CloudTrail records as events. Grain: one landed record.
-- Field meanings: AWS CloudTrail user guide, record contents. A wrong type in a record gives null, never an error; so does
-- what CloudTrail left out or cut off for its size. The bulk of all logs goes through the one type below, and every field
-- more in it costs: what few records have is read from the text, and only for them.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "eventTime": "VARCHAR", "eventSource": "VARCHAR", "eventName": "VARCHAR", "awsRegion": "VARCHAR",
                    "sourceIPAddress": "VARCHAR", "userAgent": "VARCHAR", "errorCode": "VARCHAR", "errorMessage": "VARCHAR",
                    "eventID": "VARCHAR", "recipientAccountId": "VARCHAR", "readOnly": "VARCHAR", "sessionCredentialFromConsole": "VARCHAR",
                    "userIdentity": {
                        "type": "VARCHAR", "principalId": "VARCHAR", "arn": "VARCHAR", "accountId": "VARCHAR", "accessKeyId": "VARCHAR",
                        "userName": "VARCHAR", "invokedBy": "VARCHAR",
                        "onBehalfOf": {"userId": "VARCHAR"},
                        "sessionContext": {
                            "sourceIdentity": "VARCHAR",
                            "attributes": {"creationDate": "VARCHAR", "mfaAuthenticated": "VARCHAR"},
                            "sessionIssuer": {"arn": "VARCHAR", "accountId": "VARCHAR"}
                        }
                    },
                    "requestParameters": {
                        "userName": "VARCHAR", "roleName": "VARCHAR", "roleArn": "VARCHAR", "sourceIdentity": "VARCHAR", "groupName": "VARCHAR",
                        "accessKeyId": "VARCHAR", "serialNumber": "VARCHAR", "secretId": "VARCHAR", "name": "VARCHAR", "policyArn": "VARCHAR",
                        "bucketName": "VARCHAR", "key": "VARCHAR", "snapshotId": "VARCHAR", "imageId": "VARCHAR", "dBSnapshotIdentifier": "VARCHAR",
                        "instanceId": "VARCHAR", "keyId": "VARCHAR", "functionName": "VARCHAR", "userId": "VARCHAR", "volumeId": "VARCHAR",
                        "createVolumePermission": {"add": {"items": [{"userId": "VARCHAR", "group": "VARCHAR"}]}},
                        "launchPermission": {"add": {"items": [{"userId": "VARCHAR", "group": "VARCHAR"}]}},
                        "valuesToAdd": ["VARCHAR"], "names": ["VARCHAR"], "path": "VARCHAR", "secretIdList": ["VARCHAR"]
                    },
                    "responseElements": {
                        "snapshotId": "VARCHAR",
                        "credentials": {"accessKeyId": "VARCHAR"}, "accessKey": {"accessKeyId": "VARCHAR", "userName": "VARCHAR"},
                        "assumedRoleUser": {"assumedRoleId": "VARCHAR"}, "federatedUser": {"federatedUserId": "VARCHAR"},
                        "user": {"userName": "VARCHAR"}
                    },
                    "additionalEventData": {"bytesTransferredOut": "DOUBLE", "MFAUsed": "VARCHAR"},
                    "resources": [{"ARN": "VARCHAR"}]
                }'
            ) as e
        from landed
        where landed.source = 'aws_cloudtrail'
    ),

    shaped as (
        select
            parsed.*,
            e.userIdentity as identity,
            e.userIdentity.sessionContext as session,
            e.requestParameters as request,
            e.responseElements as response,
            coalesce(
                e.requestParameters.createVolumePermission.add.items[1].userId,
                e.requestParameters.launchPermission.add.items[1].userId,
                e.requestParameters.valuesToAdd[1],
                e.requestParameters.createVolumePermission.add.items[1].group,
                e.requestParameters.launchPermission.add.items[1].group
            ) as shared_with,
            case
                when starts_with(e.eventName, 'SharedSnapshot') then record ->> '$.serviceEventDetails.snapshotId'
            end as shared_snapshot_id,
            nullif(e.userIdentity.principalId, '') as owner_id,
            -- a key with asterisks is that of nobody, or of everybody; some exports misspell the name or write it small
            case
                when e.userIdentity.accessKeyId is null and e.userIdentity.arn is not null
                then nullif(coalesce(record ->> '$.userIdentity.accesKeyId', record ->> '$.userIdentity.accesskeyid'), '')
                when e.userIdentity.accessKeyId <> '' and not contains(e.userIdentity.accessKeyId, '*')
                then e.userIdentity.accessKeyId
            end as key_id,
            case
                when e.userIdentity.sessionContext is null and e.userIdentity.type = 'AssumedRole'
                then record ->> '$.userIdentity.sessioncontext.attributes.creationdate'
                else e.userIdentity.sessionContext.attributes.creationDate
            end as begun_text,
            -- logstash writes the time under its own name
            case when e.eventTime <> '' then e.eventTime else record ->> '$."@timestamp"' end as happened_text,
            -- Datadog moves the address, the agent and the error
            coalesce(
                e.sourceIPAddress, case when e.sourceIPAddress is null then record ->> '$.network.client.ip' end
            ) as address_text
        from parsed
    ),

    identified as (select shaped.*, utc(shaped.begun_text) as begun_at from shaped)

select
    case when e.eventID <> '' then e.eventID else 'sha256:' || sha256(record) end as event_id,
    source,
    utc(happened_text) as occurred_at,
    delivered_at as received_at,
    'aws' as provider,
    coalesce(e.recipientAccountId, identity.accountId) as tenant_id,
    e.awsRegion as region,
    e.eventSource as service,
    e.eventName as action,
    case
        when nullif(e.errorCode, '') is not null or nullif(e.errorMessage, '') is not null
        then 'failure'
        when e.sourceIPAddress is null and coalesce(record ->> '$.error.kind', record ->> '$.error.message') is not null
        then 'failure'
        -- a sign-in says how it ended in one of three places
        when e.eventSource = 'signin.amazonaws.com'
        then
            case
                when regexp_matches(record ->> '$.responseElements', '(?i)":\s*"failure"')
                then 'failure'
                when regexp_matches(record ->> '$.serviceEventDetails', '(?i)":\s*"failure"')
                then 'failure'
                when lower(record ->> '$.additionalEventData.success') = 'false'
                then 'failure'
                when
                    e.eventName in ('ConsoleLogin', 'UserAuthentication', 'CredentialVerification', 'CheckMfa')
                    and not regexp_matches(
                        concat(record ->> '$.responseElements', record ->> '$.serviceEventDetails'), '(?i)":\s*"success"'
                    )
                then 'unknown'
                else 'success'
            end
        else 'success'
    end as outcome,
    coalesce(
        nullif(e.errorCode, ''),
        nullif(e.errorMessage, ''),
        case when e.sourceIPAddress is null then coalesce(record ->> '$.error.kind', record ->> '$.error.message') end
    ) as error_code,
    try_cast(e.readOnly as boolean) as is_read_only,
    coalesce(owner_id, nullif(identity.arn, ''), identity.onBehalfOf.userId) as principal_id,
    case
        identity.type
        when 'Root'
        then 'root'
        when 'AWSService'
        then identity.invokedBy
        when 'AssumedRole'
        then coalesce(nullif(split_part(owner_id, ':', 2), ''), nullif(regexp_extract(identity.arn, '[^/]+$'), ''))
        when 'AWSAccount'
        then coalesce(nullif(identity.userName, ''), nullif(split_part(owner_id, ':', 2), ''))
        else
            coalesce(
                nullif(nullif(identity.userName, ''), 'HIDDEN_DUE_TO_SECURITY_REASONS'),
                nullif(regexp_extract(identity.arn, '[^/]+$'), ''),
                case
                    when e.eventSource = 'signin.amazonaws.com'
                    then nullif(record ->> '$.additionalEventData.UserName', 'HIDDEN_DUE_TO_SECURITY_REASONS')
                end,
                case when identity.type is null then identity.invokedBy end
            )
    end as principal_name,
    case
        identity.type
        when 'Root'
        then 'root'
        when 'IAMUser'
        then 'user'
        when 'IdentityCenterUser'
        then 'user'
        when 'AssumedRole'
        then 'role'
        when 'Role'
        then 'role'
        when 'FederatedUser'
        then 'federated'
        when 'SAMLUser'
        then 'federated'
        when 'WebIdentityUser'
        then 'federated'
        when 'AWSService'
        then 'service'
        when 'AWSAccount'
        then
            case
                when owner_id = 'ANONYMOUS_PRINCIPAL' or identity.accountId = 'anonymous'
                then 'anonymous'
                -- what the prefixes of ids say: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
                when starts_with(owner_id, 'AROA')
                then 'role'
                when starts_with(owner_id, 'AIDA')
                then 'user'
            end
        else case when identity.type is null and identity.invokedBy is not null then 'service' end
    end as principal_kind,
    coalesce(nullif(identity.accountId, ''), session.sessionIssuer.accountId) as principal_tenant_id,
    key_id as credential_id,
    case
        -- the console mints a key for every request: its session is the role and the creation date
        when lower(e.sessionCredentialFromConsole) = 'true' and begun_at is not null and owner_id is not null
        then 'console_session'
        when coalesce(identity.accessKeyId, '') = '' and key_id is null and begun_at is not null and owner_id is not null
        then 'console_session'
        when starts_with(key_id, 'ASIA')
        then 'temporary_key'
        when key_id is not null
        then 'access_key'
    end as credential_kind,
    -- the date in one form, whichever way an export writes it; a date that is none, such as REDACTED, tells no sessions apart
    case
        when begun_at is null
        then case when identity.onBehalfOf.userId is not null then record ->> '$.userIdentity.credentialId' end
        when strlen(begun_text) = 20
        then owner_id || '/' || begun_text
        else owner_id || '/' || strftime(begun_at, '%Y-%m-%dT%H:%M:%SZ')
    end as session_id,
    begun_at as session_started_at,
    -- the sign-in that this session belongs to, whatever keys it uses
    case
        when contains(record, '"signInSessionArn"') then regexp_extract(record, '"signInSessionArn"\s*:\s*"([^"]+)"', 1)
    end as token_id,
    case
        when lower(session.attributes.mfaAuthenticated) = 'true' or lower(e.additionalEventData.MFAUsed) = 'yes'
        then true
        when lower(session.attributes.mfaAuthenticated) = 'false' or lower(e.additionalEventData.MFAUsed) = 'no'
        then false
        -- which factors a sign-in to Identity Center took
        when e.eventName = 'UserAuthentication'
        then
            case
                when regexp_matches(record ->> '$.additionalEventData.CredentialType', 'OTP|WEBAUTHN|RADIUS')
                then true
                when record ->> '$.additionalEventData.CredentialType' = 'PASSWORD'
                then false
            end
    end as is_mfa,
    session.sessionIssuer.arn as issuer_id,
    coalesce(session.sourceIdentity, request.sourceIdentity) as source_identity,
    null::varchar as app_id,
    null::varchar as device_id,
    address(address_text) as source_ip,
    coalesce(e.userAgent, case when e.userAgent is null then record ->> '$.http.useragent' end) as user_agent,
    null::varchar as country,
    null::bigint as asn,
    coalesce(
        case
            when e.eventSource = 'sts.amazonaws.com'
            then
                coalesce(
                    request.roleArn,
                    case when e.eventName = 'AssumeRoot' then record ->> '$.requestParameters.targetPrincipal' end
                )
            -- Cognito hides the name, and says whose it is elsewhere
            when e.eventSource = 'cognito-idp.amazonaws.com'
            then record ->> '$.additionalEventData.sub'
        end,
        request.secretId,
        request.bucketName || '/' || request.key,
        request.bucketName,
        case
            when e.eventSource = 'ssm.amazonaws.com'
            then coalesce(request.name, nullif(array_to_string(request.names, ','), ''), request.path)
        end,
        nullif(array_to_string(request.secretIdList, ','), ''),
        request.snapshotId,
        response.snapshotId,
        shared_snapshot_id,
        request.imageId,
        request.dBSnapshotIdentifier,
        request.userName,
        response.accessKey.userName,
        response.user.userName,
        request.userId,
        request.roleName,
        case when e.eventName = 'DeleteVirtualMFADevice' then regexp_extract(request.serialNumber, '[^/]+$') end,
        request.functionName,
        request.instanceId,
        request.volumeId,
        request.keyId,
        request.groupName,
        request.policyArn,
        request.name,
        e.resources[1].ARN,
        case when e.resources[1] is not null then record ->> '$.resources[0].arn' end
    ) as target_id,
    coalesce(
        request.userName, response.accessKey.userName, response.user.userName, request.roleName, request.groupName
    ) as target_name,
    case
        when e.eventSource = 'sts.amazonaws.com' and request.roleArn is not null
        then 'role'
        when request.secretId is not null
        then 'secret'
        when request.key is not null and request.bucketName is not null
        then 'object'
        when request.bucketName is not null
        then 'bucket'
        when e.eventSource = 'ssm.amazonaws.com' and request.name is not null
        then 'parameter'
        when coalesce(request.snapshotId, response.snapshotId, shared_snapshot_id, request.dBSnapshotIdentifier) is not null
        then 'snapshot'
        when request.imageId is not null
        then 'image'
        when coalesce(request.userName, response.accessKey.userName, response.user.userName, request.userId) is not null
        then 'user'
        when request.roleName is not null
        then 'role'
        when request.functionName is not null
        then 'function'
        when request.instanceId is not null
        then 'instance'
        when request.groupName is not null
        then 'group'
        when request.policyArn is not null
        then 'policy'
    end as target_kind,
    coalesce(
        shared_with, case when e.eventSource = 'sts.amazonaws.com' then nullif(split_part(request.roleArn, ':', 5), '') end
    ) as target_tenant_id,
    case
        when e.eventSource = 'rolesanywhere.amazonaws.com' and e.eventName = 'CreateSession'
        then record ->> '$.responseElements.credentialSet[0].credentials.accessKeyId'
        when response.credentials.accessKeyId is null and response.accessKey.accessKeyId is null
        then null
        when not contains(coalesce(response.credentials.accessKeyId, response.accessKey.accessKeyId), '*')
        then coalesce(response.credentials.accessKeyId, response.accessKey.accessKeyId)
    end as issued_credential_id,
    coalesce(
        response.assumedRoleUser.assumedRoleId,
        response.federatedUser.federatedUserId,
        case
            when e.eventSource = 'rolesanywhere.amazonaws.com'
            then record ->> '$.responseElements.credentialSet[0].assumedRoleUser.assumedRoleId'
        end
    ) as issued_session_id,
    try_cast(e.additionalEventData.bytesTransferredOut as bigint) as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from identified
