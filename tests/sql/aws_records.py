"""CloudTrail records as AWS writes them, made up, with the fields that matter; for `story` of cloud_records.

The organisation is the account 111122223333; 444455556666 is its second one, whose trail is there when a test puts a record of
it in; 999988887777 is foreign."""

import json
from typing import Any

from tests.sql.cloud_records import ATTACKER, HOME, OFFICE, Pair, Record, oid
from tests.sql.conftest import at

ACCOUNT, SECOND, FOREIGN = "111122223333", "444455556666", "999988887777"
STORE = f"arn:aws:identitystore::{ACCOUNT}:identitystore/d-9067000000"


def iso(when: str) -> str:
    return at(when).strftime("%Y-%m-%dT%H:%M:%SZ")


def iam_user(name: str, key: str | None = None, began: str | None = None, account: str = ACCOUNT) -> Record:
    identity: Record = {
        "type": "IAMUser",
        "principalId": f"AIDA{name.upper().replace('-', '')}",
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "userName": name,
    }
    if key is not None:
        identity["accessKeyId"] = key
    if began:
        identity["sessionContext"] = {"attributes": {"creationDate": iso(began), "mfaAuthenticated": "false"}}
    return identity


def role(
    name: str, session: str, key: str = "", began: str = "9 10:00", account: str = ACCOUNT, **more: object
) -> Record:
    """A session of a role; the console leaves the key empty or writes another one each time."""
    role_id = f"AROA{name.upper().replace('-', '').replace('_', '')}"
    arn = f"arn:aws:iam::{account}:role/{name}"
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": arn,
                "accountId": account,
                "userName": name,
            },
            "attributes": {"creationDate": iso(began), "mfaAuthenticated": "false"},
        },
    } | more


def other_account(account: str = FOREIGN, principal: str = "AROAVISITOR:x") -> Record:
    return {"type": "AWSAccount", "principalId": principal, "accountId": account}


def trail_row(
    when: str,
    event: str,
    identity: Record,
    request: Any = None,
    response: Any = None,
    source_ip: str | None = ATTACKER,
    *,
    account: str = ACCOUNT,
    **more: object,
) -> Pair:
    """`event`: `iam:CreateUser`."""
    service, _, name = event.partition(":")
    record = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": iso(when),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": source_ip,
        "userAgent": "aws-cli/2.15.0",
        "requestParameters": request,
        "responseElements": response,
        "eventID": oid(f"{when}{event}{json.dumps(identity)}{json.dumps(request)}"),
        "readOnly": name.startswith(("Get", "List", "Describe", "Assume")),
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
        "eventCategory": "Management",
    } | more
    return "aws_cloudtrail", record


def assume_row(
    when: str,
    identity: Record,
    name: str,
    session: str,
    key: str | None,
    event: str = "AssumeRole",
    account: str = ACCOUNT,
    source_ip: str = ATTACKER,
    **more: object,
) -> Pair:
    """A role taken on; without a key, as the console does it."""
    child = role(name, session, account=account)
    request = {"roleArn": f"arn:aws:iam::{account}:role/{name}", "roleSessionName": session}
    response: Record = {"assumedRoleUser": {"assumedRoleId": child["principalId"], "arn": child["arn"]}}
    if key:
        response["credentials"] = {"accessKeyId": key, "expiration": "Mar 9, 2026, 9:46:15 PM"}
    return trail_row(when, f"sts:{event}", identity, request | more, response, source_ip)


def aws_past(*users: str) -> list[Pair]:
    """IAM users at work with their keys from the office and from home, days before."""
    return [
        trail_row(
            f"{day} 08:{number:02}",
            "s3:ListBuckets",
            iam_user(user, f"AKIAPAST{user.upper().replace('-', '')}"),
            source_ip=OFFICE if day % 2 else HOME,
        )
        for day in (1, 2, 3, 4, 5)
        for number, user in enumerate(users)
    ]


ALICE = role("Admin", "alice@example.com", "ASIAALICE")  # her session after the reset: the attacker's
ALICE_THING = "aws-key:ASIAALICE"
ALICE_ROW = trail_row("9 10:01", "sts:GetCallerIdentity", ALICE)
