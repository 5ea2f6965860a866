"""Changes in AWS on the quiet day, each of which leaves things as tight as they were or tighter: Carol works off a list.

The account trail and the organisation's hold them twice where they are global, as everything else.
"""

import json

from pipeline.simulate import aws_calls
from pipeline.simulate.cloudtrail import AwsCaller
from pipeline.simulate.estate import DATA_ACCOUNT, HOME_REGION, PLATFORM_ACCOUNT
from pipeline.simulate.logbook import Record
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import later
from pipeline.simulate.world import World

LAKE = "example-data-lake"
S3_XML = "http://s3.amazonaws.com/doc/2006-03-01/"
ONLY_ENCRYPTED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "OnlyEncrypted",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": f"arn:aws:s3:::{LAKE}/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
READ_REPORTS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{LAKE}/curated/*"}
    ],
}
FOR_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def run(world: World, shift: Shift) -> None:
    log_in_to_console(world, shift)
    tidy_roles(world, shift)
    harden_buckets(world, shift)
    look_after_machines(world, shift)


def administrator(world: World, shift: Shift, account_id: str, minutes: float) -> AwsCaller:
    role = world.estate.person_role(shift.person, account_id)
    at = later(shift.begins_at, minutes * 60)
    agent = shift.person.laptop.user_agent
    return aws_calls.assume_role_with_saml(world.trail, role, shift.person.upn, at, shift.source_ip, agent)[0]


def log_in_to_console(world: World, shift: Shift) -> None:
    """The IAM user that Carol still has besides her sign-in by Identity Center, with its second factor."""
    user, agent = world.estate.users["carol.mensah"], shift.person.laptop.user_agent
    aws_calls.console_login(
        world.trail, user, later(shift.begins_at, 5000), shift.source_ip, agent, has_mfa=True
    )


def tidy_roles(world: World, shift: Shift) -> None:
    caller = administrator(world, shift, PLATFORM_ACCOUNT, 62)
    calls: tuple[tuple[str, Record], ...] = (
        ("CreateRole", {"roleName": "report-mailer", "assumeRolePolicyDocument": json.dumps(FOR_LAMBDA)}),
        ("PutRolePolicy", {"roleName": "report-mailer", "policyName": "read-reports", "policyDocument": json.dumps(READ_REPORTS)}),
        ("AttachRolePolicy", {"roleName": "report-mailer", "policyArn": "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"}),
        ("AddUserToGroup", {"userName": "carol.mensah", "groupName": "billing-readers"}),
    )  # fmt: skip
    for number, (name, request) in enumerate(calls):
        at = later(shift.begins_at, 64 * 60 + 70 * number)
        world.trail.call(caller, at, "iam", name, request, read_only=False)


def harden_buckets(world: World, shift: Shift) -> None:
    caller, host = administrator(world, shift, DATA_ACCOUNT, 75), f"s3.{HOME_REGION}.amazonaws.com"
    block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)  # fmt: skip
    logging = {"LoggingEnabled": {"TargetBucket": "example-access-logs", "TargetPrefix": f"{LAKE}/"}}
    expiry = {"ID": "old-raw", "Status": "Enabled", "Prefix": "raw/", "Expiration": {"Days": 400}}
    calls: tuple[tuple[str, Record], ...] = (
        ("PutBucketPolicy", {"bucketPolicy": ONLY_ENCRYPTED, "policy": ""}),
        ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Enabled", "xmlns": S3_XML}, "versioning": ""}),
        ("PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": block | {"xmlns": S3_XML}, "publicAccessBlock": ""}),
        ("PutBucketLogging", {"BucketLoggingStatus": logging | {"xmlns": S3_XML}, "logging": ""}),
        ("PutBucketLifecycle", {"LifecycleConfiguration": {"Rule": expiry, "xmlns": S3_XML}, "lifecycle": ""}),
    )  # fmt: skip
    for number, (name, request) in enumerate(calls):
        world.trail.call(
            caller, later(shift.begins_at, 76 * 60 + 45 * number), "s3", name, {"Host": host, "bucketName": LAKE, **request},
            read_only=False, host=host, extra=aws_calls.s3_extra(world.trail, 0, 900),
        )  # fmt: skip


def look_after_machines(world: World, shift: Shift) -> None:
    """Patches, a larger database, and a function that a bucket may call."""
    caller = administrator(world, shift, DATA_ACCOUNT, 110)
    calls: tuple[tuple[str, str, Record], ...] = (
        ("ssm", "SendCommand", {
            "documentName": "AWS-RunPatchBaseline", "interactive": False, "parameters": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "targets": [{"key": "tag:patch", "values": ["weekly"]}],
        }),
        ("rds", "ModifyDBInstance", {
            "dBInstanceIdentifier": "reporting", "allocatedStorage": 200, "applyImmediately": False,
            "allowMajorVersionUpgrade": False,
        }),
        ("lambda", "AddPermission20150331v2", {
            "functionName": "index-uploads", "statementId": "bucket", "action": "lambda:InvokeFunction",
            "principal": "s3.amazonaws.com", "sourceArn": f"arn:aws:s3:::{LAKE}",
        }),
    )  # fmt: skip
    for number, (service, name, request) in enumerate(calls):
        at = later(shift.begins_at, 112 * 60 + 200 * number)
        world.trail.call(caller, at, service, name, request, read_only=False)
