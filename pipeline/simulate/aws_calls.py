"""CloudTrail calls whose request, response or resources matter to a hunter: STS, S3 objects, snapshots, keys, sign-in."""

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.simulate import identifiers
from pipeline.simulate.cloudtrail import AwsCaller, CloudTrail, role_caller, service_caller
from pipeline.simulate.estate import GLOBAL_REGION, Estate, IamUser, Role
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.times import sts_expiration_text

CI_ISSUER = "token.actions.githubusercontent.com"


def sts_response(
    trail: CloudTrail, role: Role, session_name: str, at: datetime, seconds: int
) -> tuple[str, Record]:
    """The key id handed out, and the response that carries it."""
    key_id = identifiers.access_key_id("ASIA", role.account_id, trail.rng)
    response = {
        "credentials": {
            "accessKeyId": key_id,
            "sessionToken": identifiers.session_token(trail.rng),
            "expiration": sts_expiration_text(at + timedelta(seconds=seconds)),
        },
        "assumedRoleUser": {
            "assumedRoleId": f"{role.role_id}:{session_name}",
            "arn": f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
        },
    }
    return key_id, response


def role_resource(role: Role) -> Record:
    return {"accountId": role.account_id, "type": "AWS::IAM::Role", "ARN": role.arn}


def assume_role(
    trail: CloudTrail, caller: AwsCaller, role: Role, session_name: str, at: datetime, seconds: int = 3600
) -> tuple[AwsCaller, list[EventRef]]:
    """Assumes a role. Across accounts both sides log the call: same `sharedEventID` and request, different event ids."""
    at = at.replace(microsecond=0)
    key_id, response = sts_response(trail, role, session_name, at, seconds)
    request = {"roleArn": role.arn, "roleSessionName": session_name, "durationSeconds": seconds}
    request_id = identifiers.guid(trail.rng)
    crosses = role.account_id != caller.account_id
    shared = identifiers.guid(trail.rng) if crosses else None
    resources = [role_resource(role)]
    refs = [
        trail.call(
            caller, at, "sts", "AssumeRole", request, response,
            resources=resources, request_id=request_id, shared_event_id=shared,
        )
    ]  # fmt: skip
    if crosses:
        seen_from_target = AwsCaller(
            caller.account_id,
            {
                "type": "AWSAccount",
                "principalId": caller.identity["principalId"],
                "accountId": caller.account_id,
            },
            caller.source_ip,
            caller.user_agent,
        )
        refs.append(
            trail.call(
                seen_from_target, at, "sts", "AssumeRole", request, response, resources=resources,
                request_id=request_id, shared_event_id=shared, recipient=role.account_id,
            )
        )  # fmt: skip
    return role_caller(role, session_name, key_id, at, caller.source_ip, caller.user_agent), refs


def assume_role_for_service(
    trail: CloudTrail, service: str, role: Role, session_name: str, at: datetime
) -> tuple[AwsCaller, EventRef]:
    at = at.replace(microsecond=0)
    key_id, response = sts_response(trail, role, session_name, at, 3600)
    request = {"roleArn": role.arn, "roleSessionName": session_name, "durationSeconds": 3600}
    caller = service_caller(role.account_id, service)
    ref = trail.call(caller, at, "sts", "AssumeRole", request, response, resources=[role_resource(role)])
    return role_caller(role, session_name, key_id, at, service, service), ref


def assume_role_with_saml(
    trail: CloudTrail, role: Role, person_upn: str, at: datetime, source_ip: str, user_agent: str
) -> tuple[AwsCaller, EventRef]:
    """How an Identity Center role session begins: the session is named by the person's e-mail address."""
    at = at.replace(microsecond=0)
    provider = f"arn:aws:iam::{role.account_id}:saml-provider/{trail.saml_provider}"
    key_id, response = sts_response(trail, role, person_upn, at, 28800)
    response |= {
        "subject": person_upn,
        "subjectType": "persistent",
        "issuer": f"https://portal.sso.{trail.home_region}.amazonaws.com/saml/assertion/example",
        "audience": "https://signin.aws.amazon.com/saml",
        "nameQualifier": trail.name_qualifier,
    }
    identity = {
        "type": "SAMLUser",
        "principalId": f"{trail.name_qualifier}:{person_upn}",
        "userName": person_upn,
        "identityProvider": trail.name_qualifier,
    }
    request = {
        "sAMLAssertionID": f"_{identifiers.guid(trail.rng)}",
        "roleSessionName": person_upn,
        "durationSeconds": 28800,
        "roleArn": role.arn,
        "principalArn": provider,
    }
    resources = [
        role_resource(role),
        {"accountId": role.account_id, "type": "AWS::IAM::SAMLProvider", "ARN": provider},
    ]
    ref = trail.call(
        AwsCaller(role.account_id, identity, source_ip, user_agent), at, "sts", "AssumeRoleWithSAML", request, response,
        resources=resources,
    )  # fmt: skip
    return role_caller(role, person_upn, key_id, at, source_ip, user_agent), ref


def on_behalf_of(caller: AwsCaller, estate: Estate, login: str) -> AwsCaller:
    """Role sessions of Identity Center say whose they are, where it keeps an identity store."""
    if not estate.identity_store_id:
        return caller
    store = f"arn:aws:identitystore::{estate.platform_account}:identitystore/{estate.identity_store_id}"
    user = {"userId": estate.identity_center_ids[login], "identityStoreArn": store}
    return replace(caller, identity={**caller.identity, "onBehalfOf": user})


def assume_role_with_web_identity(
    trail: CloudTrail,
    role: Role,
    subject: str,
    session_name: str,
    at: datetime,
    source_ip: str,
    user_agent: str,
) -> tuple[AwsCaller, EventRef]:
    """CI uses the global STS endpoint, whose events land in us-east-1."""
    at = at.replace(microsecond=0)
    provider = f"arn:aws:iam::{role.account_id}:oidc-provider/{CI_ISSUER}"
    key_id, response = sts_response(trail, role, session_name, at, 3600)
    response |= {
        "subjectFromWebIdentityToken": subject,
        "provider": provider,
        "audience": "sts.amazonaws.com",
    }
    identity = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    request = {"roleArn": role.arn, "roleSessionName": session_name, "durationSeconds": 3600}
    ref = trail.call(
        AwsCaller(role.account_id, identity, source_ip, user_agent), at, "sts", "AssumeRoleWithWebIdentity", request, response,
        resources=[role_resource(role)], region=GLOBAL_REGION, host="sts.amazonaws.com",
    )  # fmt: skip
    return role_caller(role, session_name, key_id, at, source_ip, user_agent), ref


def s3_extra(trail: CloudTrail, bytes_out: int, bytes_in: int = 0) -> Record:
    return {
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": bytes_in,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": identifiers.s3_host_id(trail.rng),
        "bytesTransferredOut": bytes_out,
    }


def object_call(
    trail: CloudTrail,
    caller: AwsCaller,
    at: datetime,
    bucket: str,
    key: str,
    size: int,
    name: str = "GetObject",
) -> EventRef:
    """GetObject or PutObject of `size` bytes, as a data event."""
    host = f"{bucket}.s3.{trail.home_region}.amazonaws.com"
    is_read = name == "GetObject"
    return trail.call(
        caller, at, "s3", name,
        {"bucketName": bucket, "Host": host, "key": key},
        None if is_read else {"x-amz-server-side-encryption": "aws:kms"},
        read_only=is_read,
        is_data_event=True,
        host=host,
        extra=s3_extra(trail, size if is_read else 0, 0 if is_read else size),
        resources=[
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
            {"accountId": caller.account_id, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
        ],
    )  # fmt: skip


def list_buckets(trail: CloudTrail, caller: AwsCaller, at: datetime) -> EventRef:
    host = f"s3.{trail.home_region}.amazonaws.com"
    return trail.call(caller, at, "s3", "ListBuckets", {"Host": host}, host=host, extra=s3_extra(trail, 1184))


def create_snapshot(
    trail: CloudTrail, caller: AwsCaller, at: datetime, volume_id: str, description: str
) -> tuple[str, EventRef]:
    snapshot_id = identifiers.aws_resource_id("snap", trail.rng)
    response = {
        "requestId": identifiers.guid(trail.rng),
        "snapshotId": snapshot_id,
        "volumeId": volume_id,
        "status": "pending",
        "startTime": int(at.timestamp() * 1000),
        "ownerId": caller.account_id,
        "volumeSize": "200",
        "description": description,
        "encrypted": False,
    }
    request = {"volumeId": volume_id, "description": description}
    return snapshot_id, trail.call(caller, at, "ec2", "CreateSnapshot", request, response, read_only=False)


def share_snapshot(
    trail: CloudTrail, caller: AwsCaller, at: datetime, snapshot_id: str, account_id: str
) -> EventRef:
    request_id = identifiers.guid(trail.rng)
    request = {
        "snapshotId": snapshot_id,
        "createVolumePermission": {"add": {"items": [{"userId": account_id}]}},
        "attributeType": "CREATE_VOLUME_PERMISSION",
    }
    response = {"requestId": request_id, "_return": True}
    return trail.call(
        caller,
        at,
        "ec2",
        "ModifySnapshotAttribute",
        request,
        response,
        read_only=False,
        request_id=request_id,
    )


def create_access_key(
    trail: CloudTrail, caller: AwsCaller, at: datetime, user: IamUser
) -> tuple[str, EventRef]:
    key_id = identifiers.access_key_id("AKIA", user.account_id, trail.rng)
    created = sts_expiration_text(at)
    response = {
        "accessKey": {"userName": user.name, "accessKeyId": key_id, "status": "Active", "createDate": created}
    }
    return key_id, trail.call(
        caller, at, "iam", "CreateAccessKey", {"userName": user.name}, response, read_only=False
    )


def console_login(
    trail: CloudTrail, user: IamUser, at: datetime, source_ip: str, user_agent: str, has_mfa: bool
) -> EventRef:
    identity = {
        "type": "IAMUser",
        "principalId": user.user_id,
        "arn": user.arn,
        "accountId": user.account_id,
        "userName": user.name,
    }
    extra = {
        "LoginTo": "https://console.aws.amazon.com/console/home",
        "MobileVersion": "No",
        "MFAUsed": "Yes" if has_mfa else "No",
    }
    return trail.call(
        AwsCaller(user.account_id, identity, source_ip, user_agent), at, "signin", "ConsoleLogin", None,
        {"ConsoleLogin": "Success"}, read_only=False, extra=extra, event_type="AwsConsoleSignIn",
        host="signin.aws.amazon.com",
    )  # fmt: skip
