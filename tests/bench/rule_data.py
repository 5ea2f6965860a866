"""Rules and events for the bench of detections: what published CloudTrail rules are like, and a trail in which few calls are
what they look for.

Of 57 published AWS rules 52 name the event they look for; the others ask for a user agent, a kind of identity, an error or
a text anywhere in the parameters. The same holds here. Of 2,000,000 events about 60,000 are such that a rule names.
"""

import gzip
import json
from itertools import cycle, islice, product
from pathlib import Path
from random import Random
from typing import Any

import yaml

SERVICES: dict[str, tuple[str, ...]] = {
    "iam": ("CreateUser", "CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile", "AttachUserPolicy", "AttachRolePolicy", "PutUserPolicy", "PutRolePolicy", "UpdateAssumeRolePolicy", "DeactivateMFADevice", "DeleteVirtualMFADevice", "CreatePolicyVersion", "AddUserToGroup", "CreateSAMLProvider", "UpdateSAMLProvider"),
    "cloudtrail": ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"),
    "guardduty": ("DeleteDetector", "UpdateDetector", "CreateIPSet", "DisassociateMembers"),
    "config": ("StopConfigurationRecorder", "DeleteDeliveryChannel"),
    "s3": ("PutBucketPolicy", "PutBucketAcl", "DeleteBucket", "PutBucketReplication", "PutBucketLogging", "ListBuckets"),
    "ec2": ("AuthorizeSecurityGroupIngress", "CreateNetworkAclEntry", "ModifySnapshotAttribute", "ModifyImageAttribute", "GetPasswordData", "CreateKeyPair", "StopInstances", "ModifyInstanceAttribute", "DisableEbsEncryptionByDefault", "ExportImage"),
    "kms": ("DisableKey", "ScheduleKeyDeletion", "ImportKeyMaterial", "PutKeyPolicy"),
    "lambda": ("CreateFunction20150331", "AddPermission20150331v2", "UpdateFunctionUrlConfig"),
    "rds": ("ModifyDBInstance", "RestoreDBInstanceFromDBSnapshot", "ModifyDBSnapshotAttribute", "DeleteDBCluster"),
    "secretsmanager": ("GetSecretValue", "DeleteSecret", "PutResourcePolicy"),
    "signin": ("ConsoleLogin", "GetSigninToken"),
    "sts": ("GetFederationToken", "GetSessionToken", "AssumeRoleWithSAML"),
    "route53domains": ("DisableDomainTransferLock", "TransferDomainToAnotherAwsAccount"),
    "securityhub": ("UpdateFindings", "DeleteInsight"),
    "sso": ("CreateAccountAssignment", "UpdateSSOConfiguration"),
    "ecs": ("RegisterTaskDefinition", "RunTask"),
    "glue": ("CreateDevEndpoint", "UpdateJob"),
    "ses": ("DeleteIdentity", "UpdateAccountSendingEnabled"),
}  # fmt: skip
UNBOUNDED: tuple[dict[str, Any], ...] = (
    {"selection": {"userAgent|contains": ["kali", "parrot", "pentoo", "trufflehog"]}, "condition": "selection"},
    {"selection": {"userIdentity.type": "Root"}, "filter": {"eventType": "AwsServiceEvent"}, "condition": "selection and not filter"},
    {"selection": {"errorCode": ["Client.UnauthorizedOperation", "AccessDeniedException"], "userIdentity.arn|contains": "assumed-role/"}, "condition": "selection"},
    {"selection": {"userAgent|startswith": "S3 Browser", "eventSource": "s3.amazonaws.com"}, "condition": "selection"},
    {"selection": {"requestParameters|contains": "AdministratorAccess"}, "condition": "selection"},
)  # fmt: skip
UNBOUNDED_SHARE = 12
"""One rule in so many does not name its event."""


def make_rules(count: int) -> list[str]:
    """So many rules as YAML, each different."""
    bounded = cycle(enumerate(product(SERVICES.items(), range(3))))
    unbounded = cycle(UNBOUNDED)
    return [
        _rule(number, next(unbounded) if number % UNBOUNDED_SHARE == 5 else _bounded(*next(bounded)))
        for number in range(count)
    ]


def _bounded(number: int, place: tuple[tuple[str, tuple[str, ...]], int]) -> dict[str, Any]:
    (service, actions), turn = place
    named = list(islice(cycle(actions), turn * 2, turn * 2 + 1 + number % 3))
    selection: dict[str, Any] = {"eventSource": f"{service}.amazonaws.com", "eventName": named}
    match number % 5:
        case 1:
            return {
                "selection": selection,
                "filter": {"errorCode|contains": "*"},
                "condition": "selection and not filter",
            }
        case 2:
            return {
                "selection": selection | {"userIdentity.type": ["IAMUser", "AssumedRole"]},
                "condition": "selection",
            }
        case 3:
            own = {"userIdentity.arn|contains": "/automation-"}
            return {
                "selection": selection,
                "filter": own,
                "other": {"sourceIPAddress|endswith": ".amazonaws.com"},
                "condition": "selection and not 1 of filter* and not other",
            }
        case 4:
            return {
                "selection": selection | {"requestParameters.name|contains": ["admin", "prod"]},
                "condition": "selection",
            }
        case _:
            return {"selection": selection, "condition": "selection"}


def _rule(number: int, detection: dict[str, Any]) -> str:
    keys = {
        "title": f"Bench rule {number}",
        "id": f"aaaaaaaa-0000-4000-8000-{number:012}",
        "name": f"bench_rule_{number}",
        "status": "test",
        "level": "medium",
        "author": "postreset",
        "tags": ["attack.t1078.004"],
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": detection,
    }
    return yaml.safe_dump(keys, sort_keys=False)


NOISY: dict[str, Any] = {
    "selection": {
        "eventSource": "lambda.amazonaws.com",
        "eventName": ["UpdateFunctionCode20150331v2", "UpdateFunctionConfiguration20150331v2"],
        "userIdentity.type": ["IAMUser", "AssumedRole"],
    },
    "condition": "selection",
}
"""What automation does all day: it matches about one event in forty."""


def write_rules(folder: Path, count: int, *, noisy_count: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    noisy = [_rule(number, NOISY) for number in range(count, count + noisy_count)]
    for number, text in enumerate([*make_rules(count), *noisy]):
        (folder / f"bench_rule_{number}.yml").write_text(text, encoding="utf-8")
    return folder


def write_administration(folder: Path, count: int, seed: int, days: int = 7) -> None:
    """So many events of administration, spread over the days, in files as CloudTrail delivers them."""
    rng = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    actions = [(service, action) for service, named in SERVICES.items() for action in named]
    events = [_event(number, count, days, *rng.choice(actions), rng) for number in range(count)]
    for first in range(0, count, 4_000):
        with gzip.open(folder / f"administration_{first:08}.json.gz", "wt", compresslevel=6) as file:
            json.dump({"Records": events[first : first + 4_000]}, file, separators=(",", ":"))


def _event(number: int, count: int, days: int, service: str, action: str, rng: Random) -> dict[str, Any]:
    at = int(number / count * days * 86_400)
    user = f"person{rng.randrange(400)}"
    kind = rng.choices(("IAMUser", "AssumedRole", "Root"), (30, 69, 1))[0]
    arn = (
        f"arn:aws:iam::111122223333:user/{user}"
        if kind == "IAMUser"
        else f"arn:aws:sts::111122223333:assumed-role/{rng.choice(('platform', 'automation-deploy'))}/{user}"
    )
    event: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {"type": kind, "principalId": f"AROAEXAMPLE{rng.randrange(10**6):06}:{user}", "arn": arn, "accountId": "111122223333", "accessKeyId": f"ASIAEXAMPLE{rng.randrange(10**9):09}", "sessionContext": {"attributes": {"creationDate": "2026-02-23T08:00:00Z", "mfaAuthenticated": rng.choice(("true", "false"))}}},
        "eventTime": f"2026-02-{23 + at // 86_400 if 23 + at // 86_400 <= 28 else 28:02}T{at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02}Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": action,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": rng.choice((f"198.51.100.{rng.randrange(256)}", "cloudformation.amazonaws.com")),
        "userAgent": rng.choices((f"aws-cli/2.{rng.randrange(30)}.{rng.randrange(9)} md/prompt#off", "console.amazonaws.com", "S3 Browser/11.6", "aws-cli/2.9 kali-linux"), (60, 38, 1, 1))[0],
        "requestParameters": {"name": f"{rng.choice(('admin', 'prod', 'dev', 'test'))}-{rng.randrange(1000)}", "policyArn": rng.choice(("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess"))},
        "responseElements": None,
        "requestID": f"{rng.randrange(16**12):012x}",
        "eventID": f"bbbbbbbb-{number // 65536:04x}-4000-8000-{number:012x}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    }  # fmt: skip
    if rng.random() < 0.1:
        event |= {
            "errorCode": rng.choice(("AccessDenied", "Client.UnauthorizedOperation")),
            "errorMessage": "not authorized to perform this",
        }
    return event
