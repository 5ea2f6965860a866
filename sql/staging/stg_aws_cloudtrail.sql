-- CloudTrail records as events. Grain: one landed record.
-- Field meanings: AWS CloudTrail user guide, record contents. A wrong type in a record gives null, never an error.
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
                        "onBehalfOf": {"userId": "VARCHAR", "identityStoreArn": "VARCHAR"},
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
                        "ConsoleLogin": "VARCHAR", "PasswordUpdated": "VARCHAR", "snapshotId": "VARCHAR",
                        "credentials": {"accessKeyId": "VARCHAR"}, "accessKey": {"accessKeyId": "VARCHAR", "userName": "VARCHAR"},
                        "assumedRoleUser": {"assumedRoleId": "VARCHAR"}, "federatedUser": {"federatedUserId": "VARCHAR"},
                        "user": {"userName": "VARCHAR"}, "role": {"roleName": "VARCHAR", "arn": "VARCHAR"}
                    },
                    "additionalEventData": {"bytesTransferredOut": "DOUBLE", "MFAUsed": "VARCHAR"},
                    "serviceEventDetails": {"snapshotId": "VARCHAR"},
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
            ) as shared_with
        from parsed
    )

select
    case when e.eventID <> '' then e.eventID else 'sha256:' || sha256(record) end as event_id,
    source,
    utc(e.eventTime) as occurred_at,
    delivered_at as received_at,
    'aws' as provider,
    coalesce(e.recipientAccountId, identity.accountId) as tenant_id,
    e.awsRegion as region,
    e.eventSource as service,
    e.eventName as action,
    case
        when nullif(e.errorCode, '') is not null or nullif(e.errorMessage, '') is not null
        then 'failure'
        when lower(response.ConsoleLogin) = 'failure' or lower(response.PasswordUpdated) = 'failure'
        then 'failure'
        else 'success'
    end as outcome,
    coalesce(nullif(e.errorCode, ''), nullif(e.errorMessage, '')) as error_code,
    try_cast(e.readOnly as boolean) as is_read_only,
    coalesce(
        nullif(identity.principalId, ''),
        identity.arn,
        identity.onBehalfOf.userId,
        case when identity.type is null then identity.invokedBy end
    ) as principal_id,
    case
        identity.type
        when 'Root'
        then 'root'
        when 'AWSService'
        then identity.invokedBy
        when 'AssumedRole'
        then nullif(split_part(identity.principalId, ':', 2), '')
        else
            coalesce(
                nullif(identity.userName, ''),
                nullif(regexp_extract(identity.arn, '[^/]+$'), ''),
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
        then case when identity.principalId = 'ANONYMOUS_PRINCIPAL' or identity.accountId = 'anonymous' then 'anonymous' end
        else case when identity.type is null and identity.invokedBy is not null then 'service' end
    end as principal_kind,
    coalesce(nullif(identity.accountId, ''), session.sessionIssuer.accountId) as principal_tenant_id,
    nullif(identity.accessKeyId, '') as credential_id,
    case
        -- the console mints a key for every request: its session is the role and the creation date
        when lower(e.sessionCredentialFromConsole) = 'true' and session.attributes.creationDate is not null
        then 'console_session'
        when coalesce(identity.accessKeyId, '') = '' and session.attributes.creationDate is not null
        then 'console_session'
        when starts_with(identity.accessKeyId, 'ASIA')
        then 'temporary_key'
        when identity.accessKeyId <> ''
        then 'access_key'
    end as credential_kind,
    -- the date in one form, whichever way an export writes it
    identity.principalId
    || '/'
    || coalesce(
        strftime(utc(session.attributes.creationDate), '%Y-%m-%dT%H:%M:%SZ'), session.attributes.creationDate
    ) as session_id,
    utc(session.attributes.creationDate) as session_started_at,
    null::varchar as token_id,
    case
        when lower(session.attributes.mfaAuthenticated) = 'true' or lower(e.additionalEventData.MFAUsed) = 'yes'
        then true
        when session.attributes.mfaAuthenticated is not null or e.additionalEventData.MFAUsed is not null
        then false
    end as is_mfa,
    session.sessionIssuer.arn as issuer_id,
    coalesce(session.sourceIdentity, request.sourceIdentity) as source_identity,
    null::varchar as app_id,
    null::varchar as device_id,
    address(e.sourceIPAddress) as source_ip,
    e.userAgent as user_agent,
    null::varchar as country,
    null::bigint as asn,
    coalesce(
        case when e.eventSource = 'sts.amazonaws.com' then request.roleArn end,
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
        e.serviceEventDetails.snapshotId,
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
        e.resources[1].ARN
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
        when
            coalesce(request.snapshotId, response.snapshotId, e.serviceEventDetails.snapshotId, request.dBSnapshotIdentifier)
            is not null
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
    coalesce(response.credentials.accessKeyId, response.accessKey.accessKeyId) as issued_credential_id,
    coalesce(response.assumedRoleUser.assumedRoleId, response.federatedUser.federatedUserId) as issued_session_id,
    try_cast(e.additionalEventData.bytesTransferredOut as bigint) as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped
