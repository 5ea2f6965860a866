"""CloudTrail as columns of `events`, field by field; the expected values were written after reading the record."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.shapes.cloudtrail import reshape
from tests.sql.stage import stage

Record = dict[str, Any]

ALWAYS = ("source", "provider", "raw", "source_file", "source_row")


def told(record: Record | str, source: str = "aws_cloudtrail") -> Record:
    """The columns of an event that hold something, times as text."""
    row = stage([record], source, reshape)[0]
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None and name not in ALWAYS
    }


def read(path: Path) -> list[Record]:
    text = path.read_text()
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(value, dict):
        return value.get("Records", [value])
    return value


# --- real records ----------------------------------------------------------------------------------------

FLAWS = "flaws-cloud/AWSLogs/o-abcd/811596193553/CloudTrail/us-east-1/2020/09/30/811596193553_CloudTrail_us-east-1-20200930T2200.json"  # fmt: skip
LEVEL6 = {
    "tenant_id": "811596193553", "principal_id": "AIDADO2GQD0K8TEF7KW1V", "principal_name": "Level6", "principal_kind": "user", "principal_tenant_id": "811596193553",
    "credential_id": "AKIA3Z2XBVUDFQ9TU4MD", "credential_kind": "access_key", "source_ip": "205.8.181.128", "occurred_at": "2020-09-30T22:22:52", "outcome": "success", "region": "us-east-1",
    "user_agent": "Boto3/1.15.2 Python/3.8.2 Linux/5.6.3-arch1-1 Botocore/1.18.2",
}  # fmt: skip
FAKE_USER = {
    "principal_id": "0123456789ABCDEFGHIJK", "principal_kind": "user", "principal_name": "fakeusername", "principal_tenant_id": "012345678901", "credential_id": "0123456789ABCDEFGHIJ",
    "credential_kind": "console_session", "session_id": "0123456789ABCDEFGHIJK/2022-02-07T22:17:32Z", "session_started_at": "2022-02-07T22:17:32", "is_mfa": False, "source_ip": "1.2.3.4",
    "region": "ap-southeast-2", "tenant_id": "012345678901", "service": "ec2.amazonaws.com", "outcome": "success", "user_agent": "console.ec2.amazonaws.com",
}  # fmt: skip
CHRISTOPHE = {
    "tenant_id": "677301038893", "region": "us-east-1", "outcome": "success", "principal_id": "AROAZ3MSJV4WQ33JPN6U4:christophe.tafanidereeper", "principal_name": "christophe.tafanidereeper",
    "principal_kind": "role", "principal_tenant_id": "677301038893", "credential_kind": "temporary_key", "is_mfa": True, "issuer_id": "arn:aws:iam::677301038893:role/account-admin",
    "source_ip": "62.167.105.104",
}  # fmt: skip
JOHN = {
    "event_id": "dEXAMPLE-ac7f-466c-a608-4ac8dEXAMPLE", "occurred_at": "2014-07-18T15:07:39", "region": "us-east-2", "service": "sts.amazonaws.com", "action": "AssumeRole", "outcome": "success",
    "principal_id": "AIDAQRSTUVWXYZEXAMPLE", "principal_kind": "user", "principal_tenant_id": "777788889999", "source_identity": "JohnDoe", "source_ip": "192.0.2.101",
    "user_agent": "aws-cli/1.11.10 Python/2.7.8 Linux/3.2.45-0.6.wd.865.49.315.metal1.x86_64 botocore/1.4.67", "target_id": "arn:aws:iam::111122223333:role/EC2-dev", "target_kind": "role",
    "target_tenant_id": "111122223333", "issued_credential_id": "AKIAQRSTUVWXYZEXAMPLE", "issued_session_id": "AIDAQRSTUVWXYZEXAMPLE:JohnDoe-EC2-dev",
}  # fmt: skip
FIREFOX = "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:24.0) Gecko/20100101 Firefox/24.0"
GRIMOIRE = "aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 os/linux#0.0.0.0-microsoft-standard-WSL2 md/arch#x86_64 lang/python#3.11.9 md/pyimpl#CPython"  # fmt: skip
# file, number of the record in it, all of its columns (a user agent that ends with … is longer)
REAL: list[tuple[str, int, Record]] = [
    ("stratus-red-team/aws.exfiltration.ec2-share-ebs-snapshot.json", 0, {
        "event_id": "6897ff63-d738-445c-9e86-43e5b1f8e12f", "occurred_at": "2024-08-01T12:28:02", "tenant_id": "756680937392", "region": "me-central-3r", "service": "ec2.amazonaws.com",
        "action": "ModifySnapshotAttribute", "outcome": "success", "is_read_only": False, "principal_id": "AIDA7ETKRIUXU83QKECM", "principal_name": "christophe", "principal_kind": "user",
        "principal_tenant_id": "756680937392", "credential_id": "AKIAYLJU0B35TFSNKCS2", "credential_kind": "access_key", "source_ip": "253.76.43.253", "user_agent": "stratus-red-team_7fcd50f2-f1da-4c82-bb7d-38b82021b080",
        "target_id": "snap-041993b54a9b3af6f", "target_kind": "snapshot", "target_tenant_id": "098797384747",
    }),
    (f"{FLAWS}", 0, LEVEL6 | {"event_id": "f146e1b4-5796-40b0-aa15-ba54d7d823d5", "action": "ListCloudFrontOriginAccessIdentities", "service": "cloudfront.amazonaws.com"}),
    (f"{FLAWS}", 1, LEVEL6 | {"event_id": "8c58977-02ee-4dc3-8784-7f4bbe90c591", "action": "ListStreamingDistributions", "service": "cloudfront.amazonaws.com"}),
    (f"{FLAWS}", 20, LEVEL6 | {"event_id": "861cf02f-7b8b-4d21-abad-af54befd0211", "action": "DescribeMetricFilters", "service": "logs.amazonaws.com"}),
    ("plaso/aws_cloudtrail.jsonl", 0, FAKE_USER | {
        "event_id": "0828c0d2-3589-4390-b954-c78b4a7df44b", "action": "DescribeInstances", "occurred_at": "2022-02-07T22:23:37", "is_read_only": True,
    }),
    ("plaso/aws_cloudtrail.jsonl", 3, {
        "event_id": "ec783cd8-fad8-41a8-abac-569a78c42e33", "occurred_at": "2022-02-07T22:19:07", "action": "SharedSnapshotVolumeCreated", "service": "ec2.amazonaws.com", "outcome": "success",
        "principal_kind": "service", "principal_name": "ec2.amazonaws.com", "principal_tenant_id": "012345678901", "tenant_id": "012345678901", "region": "ap-southeast-2", "is_read_only": False,
        "target_id": "snap-0a9e1526b9b037a30", "target_kind": "snapshot", "user_agent": "ec2.amazonaws.com",
    }),
    ("plaso/aws_cloudtrail.jsonl", 4, FAKE_USER | {
        "event_id": "fdd7443c-ba1f-47eb-b0bc-42395266d12c", "action": "RunInstances", "occurred_at": "2022-02-07T22:19:05", "is_read_only": False,
    }),
    ("sekoia/aws-cloudtrail.jsonl", 6, {
        "event_id": "6a957c22-7dd9-4d2e-a9ba-7c869d726293", "occurred_at": "2020-08-12T12:48:09", "tenant_id": "1111111111", "region": "eu-west-3", "service": "kms.amazonaws.com", "action": "Decrypt",
        "outcome": "success", "is_read_only": True, "principal_id": "AROA11111111111111:ctstreamer-dev-s3", "principal_name": "ctstreamer-dev-s3", "principal_kind": "role",
        "principal_tenant_id": "1111111111", "credential_id": "ASIA11111111111111", "credential_kind": "temporary_key", "session_id": "AROA11111111111111:ctstreamer-dev-s3/2020-08-12T12:03:12Z",
        "session_started_at": "2020-08-12T12:03:12", "is_mfa": False, "issuer_id": "arn:aws:iam::1111111111:role/user", "source_ip": "1.2.3.4", "user_agent": "aws-internal/3 aws-sdk-java/…",
        "target_id": "arn:aws:kms:eu-west-3:1111111111:key/14eb3a8a-ffec-4b0e-a6da-e901d5e6ee9c",
    }),
    ("sekoia/aws-cloudtrail.jsonl", 13, {
        "event_id": "6ff7e265-b0b9-42c0-b4b5-ad140a7f1baa", "occurred_at": "2022-09-09T09:17:32", "tenant_id": "1111111111", "region": "eu-central-1", "service": "elasticfilesystem.amazonaws.com",
        "action": "NewClientConnection", "outcome": "success", "is_read_only": True, "principal_id": "AR0000000000000000:1111111111111111111111111", "principal_name": "1111111111111111111111111",
        "principal_kind": "role", "principal_tenant_id": "1111111111", "credential_id": "AS000000000000000000", "credential_kind": "access_key",
        "session_id": "AR0000000000000000:1111111111111111111111111/2022-09-09T07:45:14Z", "session_started_at": "2022-09-09T07:45:14", "is_mfa": False,
        "issuer_id": "arn:aws:iam::1111111111:role/service-role/username", "user_agent": "elasticfilesystem", "target_id": "arn:aws:elasticfilesystem:eu-central-1:1111111111:file-system/fs-00000000",
    }),
    ("sekoia/aws-cloudtrail.jsonl", 14, {
        "event_id": "e7dd6d97-2d3a-45dc-bb19-a3ea347091e3", "occurred_at": "2022-09-08T15:01:59", "tenant_id": "111111111", "region": "us-east-1", "service": "signin.amazonaws.com", "action": "ConsoleLogin",
        "outcome": "success", "is_read_only": False, "principal_id": "A00000000000000000000:user@example.org", "principal_name": "user@example.org", "principal_kind": "role",
        "principal_tenant_id": "111111111", "is_mfa": False, "source_ip": "1.2.3.4", "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36…",
    }),
    ("cloudtrail2sightings/aws.exfiltration.ec2-share-ebs-snapshot.json", 0, CHRISTOPHE | {
        "event_id": "b2d095cd-53f0-4873-b217-b08fda4951bf", "occurred_at": "2022-07-20T21:06:11", "service": "ec2.amazonaws.com", "action": "ModifySnapshotAttribute", "is_read_only": False,
        "credential_id": "ASIAZ3MSJV4WY7WYVLEU", "session_id": "AROAZ3MSJV4WQ33JPN6U4:christophe.tafanidereeper/2022-07-20T20:52:37Z", "session_started_at": "2022-07-20T20:52:37",
        "user_agent": "stratus-red-team_f1164024-8d97-47fa-9632-26b218ce2737", "target_id": "snap-00f54cf7277498559", "target_kind": "snapshot", "target_tenant_id": "012345678912",
    }),
    ("cloudtrail2sightings/aws.defense-evasion.cloudtrail-delete.json", 0, CHRISTOPHE | {
        "event_id": "9335e411-4cb7-4617-9c00-12012a9c3eac", "occurred_at": "2022-07-20T20:53:54", "service": "cloudtrail.amazonaws.com", "action": "DeleteTrail", "is_read_only": False,
        "credential_id": "ASIAZ3MSJV4W3HFKBOMH", "session_id": "AROAZ3MSJV4WQ33JPN6U4:christophe.tafanidereeper/2022-07-20T20:53:03Z", "session_started_at": "2022-07-20T20:53:03",
        "user_agent": "stratus-red-team_40d78cfa-a3da-48c3-9936-71c75ce30eab", "target_id": "my-cloudtrail-trail-2",
    }),
    ("cloudtrail2sightings/aws.credential-access.secretsmanager-retrieve-secrets.json", 0, CHRISTOPHE | {
        "event_id": "57d3eacd-ff87-48f7-b133-a5e9da5d1395", "occurred_at": "2022-07-20T20:57:15", "service": "secretsmanager.amazonaws.com", "action": "GetSecretValue", "is_read_only": True,
        "credential_id": "ASIAZ3MSJV4WY7WYVLEU", "session_id": "AROAZ3MSJV4WQ33JPN6U4:christophe.tafanidereeper/2022-07-20T20:52:37Z", "session_started_at": "2022-07-20T20:52:37",
        "user_agent": "stratus-red-team_05dbb79c-68f8-436e-ad26-ef7b3eaf9f94", "target_kind": "secret",
        "target_id": "arn:aws:secretsmanager:us-east-1:677301038893:secret:stratus-red-team-secret-4-q5OiUT",
    }),
    ("cloudgrappler/cloudtrail.json", 0, {
        "event_id": "9357a8cc-a0eb-46a1-b67e-EXAMPLE19b14", "occurred_at": "2023-07-19T21:14:20", "tenant_id": "777788889999", "region": "us-east-1", "service": "ec2.amazonaws.com",
        "action": "StopInstances", "outcome": "success", "is_read_only": False, "principal_id": "EXAMPLE6E4XEGITWATV6R", "principal_name": "Nikki", "principal_kind": "user",
        "principal_tenant_id": "777788889999", "credential_id": "AKIAI44QH8DHBEXAMPLE", "credential_kind": "console_session", "session_id": "EXAMPLE6E4XEGITWATV6R/2023-07-19T21:11:57Z",
        "session_started_at": "2023-07-19T21:11:57", "is_mfa": False, "source_ip": "192.0.2.0", "user_agent": "aws-cli/2.13.5 Python/3.11.4 Linux/4.14.255-314-253.539.amzn2.x86_64…",
    }),
    ("cloudgrappler/cloudtrail_singleline.json", 0, {
        "event_id": "25d2f1da-c4ac-4201-9c97-e50869d6a636", "occurred_at": "2020-07-31T23:58:37", "tenant_id": "001", "region": "us-east-1", "service": "s3.amazonaws.com", "action": "PutObject",
        "outcome": "success", "is_read_only": False, "principal_name": "cloudtrail.amazonaws.com", "principal_kind": "service", "user_agent": "cloudtrail.amazonaws.com", "target_kind": "object",
        "target_id": "some-bucket/AWSLogs/001/CloudTrail/us-east-1/2020/07/31/001_CloudTrail_us-east-1_20200731T2355Z_CPLMUNn9xXPXF33D.json.gz", "bytes_out": 0,
    }),
    ("trailscraper/111111111111_CloudTrail_eu-central-1_20171211T1505Z_A6kvhMoVeCsc7v8U.json", 0, {
        "event_id": "a0ed971f-389f-406a-9fcf-887c5ca6903a", "occurred_at": "2017-12-11T15:01:51", "tenant_id": "111111111111", "region": "eu-central-1", "service": "autoscaling.amazonaws.com",
        "action": "DescribeLaunchConfigurations", "outcome": "success", "principal_id": "AAAAAAAAAAAAAAAAAAAAA:AutoScalingDescribeHandlerSession",
        "principal_name": "AutoScalingDescribeHandlerSession", "principal_kind": "role", "principal_tenant_id": "111111111111", "credential_id": "AAAAAAAAAAAAAAAAAAAAA",
        "credential_kind": "access_key", "session_id": "AAAAAAAAAAAAAAAAAAAAA:AutoScalingDescribeHandlerSession/2017-11-18T00:21:51Z", "session_started_at": "2017-11-18T00:21:51",
        "is_mfa": False, "issuer_id": "arn:aws:iam::111111111111:role/someRole", "user_agent": "config.amazonaws.com",
    }),
    ("trailscraper/111111111111_CloudTrail_eu-central-1_20171211T1505Z_A6kvhMoVeCsc7v8U.json", 1, {
        "event_id": "b25ff7e3-f1cf-4b7f-883d-b09168c454d5", "occurred_at": "2017-12-11T15:04:51", "tenant_id": "111111111111", "region": "eu-central-1", "service": "sts.amazonaws.com",
        "action": "AssumeRole", "outcome": "success", "principal_name": "config.amazonaws.com", "principal_kind": "service", "user_agent": "config.amazonaws.com",
        "target_id": "arn:aws:iam::111111111111:role/someRole", "target_kind": "role", "target_tenant_id": "111111111111", "issued_credential_id": "BBBBBBBBBBBBBBBBBBBBB",
        "issued_session_id": "CCCCCCCCCCCCCCCCCCCCC:AutoScalingDescribeHandlerSession",
    }),
    ("traildiscover/SendEmail.json.cloudtrail", 0, {  # no userIdentity at all
        "event_id": "eb834e01-f168-435f-92c0-c36278378b6e", "occurred_at": "2025-01-24T11:43:00", "tenant_id": "111111111111", "region": "us-east-1", "service": "ses.amazonaws.com",
        "action": "SendEmail", "outcome": "success", "is_read_only": True, "source_ip": "0.0.0.0", "user_agent": "aws-cli/2.23.4 md/awscrt#0.23.4",
        "target_id": "arn:aws:ses:us-east-1:111122223333:identity/sender@example.com",
    }),
    ("traildiscover/SignIn-GetSigninToken.json.cloudtrail", 0, {  # keys with asterisks are nobody's
        "event_id": "56678442-08db-4d88-af47-f994dd706a15", "occurred_at": "2024-09-24T08:12:45", "tenant_id": "111111111111", "region": "us-east-2", "service": "signin.amazonaws.com",
        "action": "GetSigninToken", "outcome": "success", "is_read_only": False, "principal_id": "AROA****************:User", "principal_name": "User", "principal_kind": "role",
        "principal_tenant_id": "111111111111", "session_id": "AROA****************:User/2024-09-24T08:12:45Z", "session_started_at": "2024-09-24T08:12:45", "is_mfa": False,
        "issuer_id": "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/us-east-2/AWSReservedSSO_AdministratorAccess_6c63ce732f555555", "source_ip": "0.0.0.0",
        "user_agent": "Jersey/${project.version} (HttpUrlConnection 17.0.12)",
    }),
    ("traildiscover/EC2-CreateSecurityGroup.json.cloudtrail", 0, {
        "event_id": "e09e1709-c0a7-4996-8d45-18d20763690b", "occurred_at": "2024-08-18T14:15:34", "tenant_id": "111111111111", "region": "us-east-1", "service": "ec2.amazonaws.com",
        "action": "CreateSecurityGroup", "outcome": "failure", "error_code": "Client.UnauthorizedOperation", "is_read_only": False, "principal_id": "AROA****************:User",
        "principal_name": "TrailDiscover", "principal_kind": "user", "principal_tenant_id": "111111111111", "source_ip": "0.0.0.0", "user_agent": f"{GRIMOIRE}…",
        "target_id": "TrailDiscoverGroupName", "target_name": "TrailDiscoverGroupName", "target_kind": "group",
    }),
    ("elastic/test-console-login-json.log", 1, {
        "event_id": "11ea990b-4678-4bcd-8fbe-625EXAMPLE", "occurred_at": "2014-07-08T17:35:27", "tenant_id": "111122223333", "region": "us-east-2", "service": "signin.amazonaws.com",
        "action": "ConsoleLogin", "outcome": "failure", "error_code": "Failed authentication", "principal_id": "AIDACKCEVSQ6C2EXAMPLE", "principal_name": "JaneDoe", "principal_kind": "user",
        "principal_tenant_id": "111122223333", "is_mfa": False, "source_ip": "89.160.20.156", "user_agent": FIREFOX,
    }),
    ("elastic/test-create-access-key-json.log", 0, {
        "event_id": "EXAMPLE-3cab-40f8-938b-EXAMPLE", "occurred_at": "2020-01-08T20:43:06", "tenant_id": "0123456789012", "region": "us-east-1", "service": "iam.amazonaws.com",
        "action": "CreateAccessKey", "outcome": "success", "principal_id": "EXAMPLE_ID", "principal_name": "Alice", "principal_kind": "user", "principal_tenant_id": "0123456789012",
        "credential_id": "EXAMPLE_KEY", "credential_kind": "access_key", "session_id": "EXAMPLE_ID/2020-01-08T15:12:16Z", "session_started_at": "2020-01-08T15:12:16", "is_mfa": True,
        "source_ip": "127.0.0.1", "user_agent": "signin.amazonaws.com", "target_id": "Bob", "target_name": "Bob", "target_kind": "user", "issued_credential_id": "EXAMPLE_KEY_ID",
    }),
    ("elastic/test-assume-role-json.log", 0, {
        "event_id": "1917948f-3042-46ec-98e2-62865EXAMPLE", "occurred_at": "2019-10-02T22:12:29", "tenant_id": "111111111111", "region": "us-east-2", "service": "sts.amazonaws.com",
        "action": "AssumeRole", "outcome": "success", "principal_id": "AROAIN5ATK5U7KEXAMPLE:JohnRole1", "principal_name": "JohnRole1", "principal_kind": "role", "principal_tenant_id": "111111111111",
        "credential_id": "AKIAI44QH8DHBEXAMPLE", "credential_kind": "access_key", "session_id": "AROAIN5ATK5U7KEXAMPLE:JohnRole1/2019-10-02T21:50:54Z", "session_started_at": "2019-10-02T21:50:54",
        "is_mfa": False, "issuer_id": "arn:aws:iam::111111111111:role/JohnRole1", "source_ip": "81.2.69.144",
        "user_agent": "aws-cli/1.16.248 Python/3.4.7 Linux/4.9.184-0.1.ac.235.83.329.metal1.x86_64 botocore/1.12.239", "target_id": "arn:aws:iam::111111111111:role/JohnRole2",
        "target_kind": "role", "target_tenant_id": "111111111111", "issued_credential_id": "ASIAWHOJDLGPOEXAMPLE", "issued_session_id": "AROAIFR7WHDTSOYQYHFUE:Role2WithTags",
    }),
    # one call in the caller's account and in the role's: the caller, and only whose account the caller is
    ("aws-docs/awsdocs+iam-user-guide.jsonl", 1, JOHN | {
        "tenant_id": "111122223333", "principal_name": "JohnDoe", "credential_id": "AKIAQRSTUVWXYZEXAMPLE", "credential_kind": "access_key",
    }),
    ("aws-docs/awsdocs+iam-user-guide.jsonl", 2, JOHN | {"tenant_id": "777788889999"}),
    ("aws-docs/awsdocs+iam-user-guide.jsonl", 5, {
        "event_id": "dEXAMPLE-265a-41e0-9352-4401bEXAMPLE", "occurred_at": "2019-11-01T19:14:36", "tenant_id": "444455556666", "region": "us-east-2", "service": "sts.amazonaws.com",
        "action": "AssumeRoleWithSAML", "outcome": "success", "principal_id": "SampleUkh1i4+ExamplexL/jEvs=:SamlExample", "principal_name": "SamlExample", "principal_kind": "federated",
        "source_identity": "MySAMLUser", "source_ip": "192.0.2.101", "user_agent": "aws-cli/1.16.263 Python/3.4.7 Linux/4.9.184-0.1.ac.235.83.329.metal1.x86_64 botocore/1.12.253",
        "target_id": "arn:aws:iam::444455556666:role/SAMLTestRoleShibboleth", "target_kind": "role", "target_tenant_id": "444455556666", "issued_credential_id": "AKIAIOSFODNN7EXAMPLE",
        "issued_session_id": "AROAD35QRSTUVWEXAMPLE:MyAssignedRoleSessionName",
    }),
    ("aws-docs/awsdocs+iam-user-guide.jsonl", 9, {  # the name is hidden
        "event_id": "a7654656-0417-45c6-9386-ea8231385051", "occurred_at": "2015-03-31T22:20:42", "tenant_id": "123456789012", "region": "us-east-2", "service": "signin.amazonaws.com",
        "action": "ConsoleLogin", "outcome": "failure", "error_code": "No username found in supplied account", "principal_kind": "user", "principal_tenant_id": "123456789012", "is_mfa": False,
        "source_ip": "192.0.2.101", "user_agent": FIREFOX,
    }),
    ("aws-docs/awsdocs+aws-cloudtrail-user-guide.jsonl", 21, {  # no type of identity
        "event_id": "234f004b-EXAMPLE", "occurred_at": "2019-06-02T00:06:08", "tenant_id": "123456789012", "region": "us-east-2", "service": "kms.amazonaws.com", "action": "RotateKey",
        "outcome": "success", "is_read_only": False, "principal_name": "AWS Internal", "principal_kind": "service", "principal_tenant_id": "123456789012", "user_agent": "AWS Internal",
        "target_id": "arn:aws:kms:us-east-2:123456789012:key/7944f0ec-EXAMPLE",
    }),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "number", "expected"), REAL, ids=[f"{file.rsplit('/', 1)[-1][:40]}-{number}" for file, number, _ in REAL]
)  # fmt: skip
def test_real_records(real_logs: Path, file: str, number: int, expected: Record) -> None:
    found = told(read(real_logs / "cloudtrail" / file)[number])
    agent = expected.get("user_agent", "")
    if agent.endswith("…"):
        assert found["user_agent"].startswith(agent[:-1])
        found = found | {"user_agent": agent}
    assert found == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("stratus-red-team/aws.credential-access.secretsmanager-retrieve-secrets.json", {
            "action": "GetSecretValue", "target_kind": "secret", "is_read_only": True, "principal_id": "AIDA45XCCHPPLELFTIIM", "principal_tenant_id": "903144391865",
            "target_id": "arn:aws:secretsmanager:cn-centraleast-1r:903144391865:secret:stratus-red-team-retrieve-secret-18-4Rzn83", "source_ip": "253.201.144.253",
        }),
        ("stratus-red-team/aws.initial-access.console-login-without-mfa.json", {
            "action": "ConsoleLogin", "outcome": "success", "is_mfa": False, "principal_name": "stratus-red-team-nmfalu-jfzdtsvchl", "source_ip": "225.01.00.16",  # no address: ingest makes it null
            "occurred_at": "2024-08-02T08:53:24",
        }),
        ("stratus-red-team/aws.persistence.sts-federation-token.json", {
            "action": "GetFederationToken", "issued_credential_id": "ASIASTJKC5GCM7ZE6LUP", "is_read_only": False, "tenant_id": "742491224508",
        }),
    ],
)  # fmt: skip
def test_attacks(real_logs: Path, file: str, expected: Record) -> None:
    assert expected.items() <= told(read(real_logs / "cloudtrail" / file)[0]).items()


# --- made-up records -------------------------------------------------------------------------------------

ROLE: Record = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole", "principalId": "AROAEXAMPLE:ada@example.com", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada@example.com", "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": "arn:aws:iam::111122223333:role/Admin", "accountId": "111122223333", "userName": "Admin"},
            "attributes": {"creationDate": "2026-03-02T09:00:00Z", "mfaAuthenticated": "true"},
        },
    },
    "eventTime": "2026-03-02T09:14:00Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey", "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli/2",
    "requestParameters": {"userName": "deploy-bot"}, "responseElements": {"accessKey": {"accessKeyId": "AKIANEW", "userName": "deploy-bot", "status": "Active"}}, "requestID": "r-1",
    "eventID": "e-1", "readOnly": False, "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": "111122223333", "eventCategory": "Management",
}  # fmt: skip
SESSION = ROLE["userIdentity"]["sessionContext"]


def changed(**changes: Any) -> Record:
    return {**ROLE, **changes}


def identity(**changes: Any) -> Record:
    return changed(userIdentity={**ROLE["userIdentity"], **changes})


def test_a_call() -> None:
    assert told(ROLE) == {
        "event_id": "e-1", "occurred_at": "2026-03-02T09:14:00", "tenant_id": "111122223333", "region": "us-east-1", "service": "iam.amazonaws.com", "action": "CreateAccessKey",
        "outcome": "success", "is_read_only": False, "principal_id": "AROAEXAMPLE:ada@example.com", "principal_name": "ada@example.com", "principal_kind": "role",
        "principal_tenant_id": "111122223333", "credential_id": "ASIAEXAMPLE", "credential_kind": "temporary_key", "session_id": "AROAEXAMPLE:ada@example.com/2026-03-02T09:00:00Z",
        "session_started_at": "2026-03-02T09:00:00", "is_mfa": True, "issuer_id": "arn:aws:iam::111122223333:role/Admin", "source_ip": "192.0.2.7", "user_agent": "aws-cli/2",
        "target_id": "deploy-bot", "target_name": "deploy-bot", "target_kind": "user", "issued_credential_id": "AKIANEW",
    }  # fmt: skip


OMITTED = {"omitted": True, "originalSize": 120_000, "reason": "the field is too large"}
SIGN_IN = {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"}


@pytest.mark.parametrize(
    ("changes", "outcome", "error_code"),
    [
        ({}, "success", None),
        ({"errorCode": "AccessDenied", "errorMessage": "no"}, "failure", "AccessDenied"),
        ({"errorCode": "Client.DryRunOperation"}, "failure", "Client.DryRunOperation"),  # it would have been allowed; it was not done
        ({"errorCode": ""}, "success", None),
        ({"errorMessage": "Failed authentication"}, "failure", "Failed authentication"),
        ({"responseElements": OMITTED}, "success", None),
        (SIGN_IN | {"responseElements": {"ConsoleLogin": "Success"}}, "success", None),
        (SIGN_IN | {"responseElements": {"ConsoleLogin": "Failure"}}, "failure", None),
        (SIGN_IN | {"responseElements": {"ConsoleLogin": "failure"}}, "failure", None),
        (SIGN_IN | {"responseElements": OMITTED}, "unknown", None),
        (SIGN_IN | {"responseElements": '{"ConsoleLog'}, "unknown", None),  # cut off
        (SIGN_IN | {"responseElements": None}, "unknown", None),
        (SIGN_IN | {"eventName": "CheckMfa", "responseElements": {"CheckMfa": "Failure"}}, "failure", None),
        (SIGN_IN | {"eventName": "SwitchRole", "responseElements": {"SwitchRole": "Failure"}}, "failure", None),
        (SIGN_IN | {"eventName": "PasswordUpdated", "responseElements": {"PasswordUpdated": "Success"}}, "success", None),
        (SIGN_IN | {"eventName": "CredentialVerification", "responseElements": None, "serviceEventDetails": {"CredentialVerification": "Failure"}}, "failure", None),
        (SIGN_IN | {"eventName": "CredentialVerification", "responseElements": None, "serviceEventDetails": {"CredentialVerification": "Success"}}, "success", None),
        (SIGN_IN | {"eventName": "CreateOAuth2Token", "responseElements": None, "additionalEventData": {"success": "false"}}, "failure", None),
        (SIGN_IN | {"eventName": "CreateOAuth2Token", "responseElements": None, "additionalEventData": {"success": "true"}}, "success", None),
        ({"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity", "errorCode": "VpceAccessDenied"}, "failure", "VpceAccessDenied"),
        ({"sourceIPAddress": None, "error": {"kind": "AccessDenied"}}, "failure", "AccessDenied"),  # as Datadog moves it
    ],
)  # fmt: skip
def test_how_it_ended(changes: Record, outcome: str, error_code: str | None) -> None:
    found = told(changed(**changes))
    assert (found["outcome"], found.get("error_code")) == (outcome, error_code)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ({"type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333", "accessKeyId": ""}, ("root", "111122223333", "root", "111122223333")),
        ({"type": "IAMUser", "principalId": "AIDAADA", "arn": "arn:aws:iam::111122223333:user/team/ada", "accountId": "111122223333"}, ("user", "AIDAADA", "ada", "111122223333")),
        ({"type": "IAMUser", "accountId": "111122223333", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, ("user", None, None, "111122223333")),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada"}, ("role", "arn:aws:sts::111122223333:assumed-role/Admin/ada", "ada", None)),
        ({"type": "FederatedUser", "principalId": "111122223333:ada", "arn": "arn:aws:sts::111122223333:federated-user/ada"}, ("federated", "111122223333:ada", "ada", None)),
        ({"type": "AWSAccount", "principalId": "ANONYMOUS_PRINCIPAL", "accountId": "ANONYMOUS_PRINCIPAL"}, ("anonymous", "ANONYMOUS_PRINCIPAL", None, "ANONYMOUS_PRINCIPAL")),
        ({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}, ("anonymous", None, None, "anonymous")),
        ({"type": "AWSAccount", "principalId": "AROAEXAMPLE:ada", "accountId": "444455556666"}, ("role", "AROAEXAMPLE:ada", "ada", "444455556666")),
        ({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666"}, ("user", "AIDAEXAMPLE", None, "444455556666")),
        ({"type": "AWSAccount", "principalId": "AKIAEXAMPLE", "accountId": "444455556666"}, (None, "AKIAEXAMPLE", None, "444455556666")),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, ("service", None, "ec2.amazonaws.com", None)),
        ({"accountId": "111122223333", "invokedBy": "ec2.amazonaws.com"}, ("service", None, "ec2.amazonaws.com", "111122223333")),
        ({"type": "SAMLUser", "principalId": "x=:ada@example.com", "userName": "ada@example.com", "identityProvider": "x="}, ("federated", "x=:ada@example.com", "ada@example.com", None)),
        ({"type": "WebIdentityUser", "principalId": "accounts.example.com:app:7", "userName": "7"}, ("federated", "accounts.example.com:app:7", "7", None)),
        ({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1"}},
         ("user", "u-1", None, "111122223333")),
        ({"type": "Unknown", "principalId": "p", "accountId": "111122223333", "userName": "ada"}, (None, "p", "ada", "111122223333")),
        (None, (None, None, None, None)), ("text", (None, None, None, None)), ([], (None, None, None, None)), (OMITTED, (None, None, None, None)),
    ],
)  # fmt: skip
def test_who_acted(who: Any, expected: tuple[str | None, ...]) -> None:
    found = told(changed(userIdentity=who))
    assert tuple(found.get(f"principal_{name}") for name in ("kind", "id", "name", "tenant_id")) == expected


def test_a_sign_in_to_identity_center() -> None:
    person = {
        "type": "IdentityCenterUser", "arn": "", "accountId": "111122223333", "accessKeyId": "", "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1"},
        "credentialId": "c-1",
    }  # fmt: skip
    record = {
        "eventVersion": "1.08", "userIdentity": person, "eventTime": "2026-03-02T09:14:00Z", "eventSource": "signin.amazonaws.com", "eventName": "UserAuthentication", "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7", "userAgent": "Mozilla/5.0", "requestParameters": None, "responseElements": None,
        "additionalEventData": {"AuthWorkflowID": "w-1", "UserName": "ada@example.com", "CredentialType": "PASSWORD,TOTP"}, "eventID": "e-1", "readOnly": False, "eventType": "AwsServiceEvent",
        "serviceEventDetails": {"UserAuthentication": "Success"},
    }  # fmt: skip
    assert told(record) == {
        "event_id": "e-1", "occurred_at": "2026-03-02T09:14:00", "tenant_id": "111122223333", "region": "us-east-1", "service": "signin.amazonaws.com", "action": "UserAuthentication",
        "outcome": "success", "is_read_only": False, "principal_id": "u-1", "principal_name": "ada@example.com", "principal_kind": "user", "principal_tenant_id": "111122223333",
        "session_id": "c-1", "is_mfa": True, "source_ip": "192.0.2.7", "user_agent": "Mozilla/5.0",
    }  # fmt: skip
    factors = {
        "PASSWORD": False,
        "EXTERNAL_IDP": None,
        "PASSWORD,WEBAUTHN": True,
        "PASSWORD,EMAIL_OTP": True,
        "": None,
    }
    for factor, is_mfa in factors.items():
        assert told(record | {"additionalEventData": {"CredentialType": factor}}).get("is_mfa") == is_mfa


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (ROLE, ("ASIAEXAMPLE", "temporary_key")),
        (changed(sessionCredentialFromConsole="true"), ("ASIAEXAMPLE", "console_session")),
        (identity(accessKeyId=""), (None, "console_session")),
        (identity(accessKeyId="", sessionContext={}), (None, None)),
        (identity(accessKeyId="AKIAEXAMPLE"), ("AKIAEXAMPLE", "access_key")),
        (identity(accessKeyId="ASIA****************"), (None, None)),
        (identity(accessKeyId=None, accesKeyId="ASIAMISSPELT"), ("ASIAMISSPELT", "temporary_key")),
        (identity(accessKeyId=None, accesskeyid="ASIASMALL"), ("ASIASMALL", "temporary_key")),
        (identity(accessKeyId=None, accesKeyId="", sessionContext=None), (None, None)),
        # the date of such a session says nothing: then the key is all there is
        (changed(sessionCredentialFromConsole="true", userIdentity={**ROLE["userIdentity"], "sessionContext": {"attributes": {"creationDate": "REDACTED"}}}), ("ASIAEXAMPLE", "temporary_key")),
    ],
)  # fmt: skip
def test_with_which_credential(record: Record, expected: tuple[str | None, str | None]) -> None:
    found = told(record)
    assert (found.get("credential_id"), found.get("credential_kind")) == expected


@pytest.mark.parametrize(
    ("session", "session_id", "started_at"),
    [
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00"),
        ("20260302T090000Z", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00"),
        ("2026-03-02T09:00:00.000Z", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00"),
        ("2026-03-02 09:00:00.000", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00"),
        ("2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00"),
        ("REDACTED", None, None),
        ("", None, None),
        (None, None, None),
        ({"omitted": True}, None, None),
    ],
)
def test_one_session_has_one_id(session: Any, session_id: str | None, started_at: str | None) -> None:
    found = told(identity(sessionContext={**SESSION, "attributes": {"creationDate": session}}))
    assert found.get("session_id") == (session_id and f"AROAEXAMPLE:ada@example.com/{session_id}")
    assert found.get("session_started_at") == started_at


def test_a_session_in_small_letters() -> None:
    found = told(
        identity(sessionContext=None, sessioncontext={"attributes": {"creationdate": "2026-03-02T09:00:00Z"}})
    )
    assert found["session_started_at"] == "2026-03-02T09:00:00"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"eventTime": "2025-01-21 17:49:47.000000000"}, "2025-01-21T17:49:47"),
        ({"eventTime": "2022-02-08 09:23:37+11:00"}, "2022-02-07T22:23:37"),
        ({"eventTime": 1644272617.0}, "2022-02-07T22:23:37"),
        ({"eventTime": "1644272617000"}, "2022-02-07T22:23:37"),
        ({"eventTime": None, "@timestamp": "2022-02-07T22:23:37.123Z"}, "2022-02-07T22:23:37.123000"),
        ({"eventTime": "", "@timestamp": "2022-02-07T22:23:37Z"}, "2022-02-07T22:23:37"),
        ({"eventTime": "soon"}, None),
        ({"eventTime": None}, None),
        ({"eventTime": ["2022-02-07T22:23:37Z"]}, None),
    ],
)
def test_when_it_happened(when: Record, expected: str | None) -> None:
    assert told(changed(**when)).get("occurred_at") == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"requestParameters": OMITTED, "responseElements": None}, (None, None)),
        ({"requestParameters": '{"userName": "dep', "responseElements": None}, (None, None)),
        ({"requestParameters": OMITTED, "responseElements": None, "resources": [{"ARN": "arn:aws:iam::111122223333:user/bob"}]}, ("arn:aws:iam::111122223333:user/bob", None)),
        ({"requestParameters": None, "responseElements": None, "resources": [{"arn": "arn:aws:iam::111122223333:user/bob"}]}, ("arn:aws:iam::111122223333:user/bob", None)),
        ({"requestParameters": None, "responseElements": None, "resources": [{"ARNPrefix": "x"}, 7]}, (None, None)),
        ({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRoot", "requestParameters": {"targetPrincipal": "444455556666"}, "responseElements": None}, ("444455556666", None)),
        ({"eventSource": "cognito-idp.amazonaws.com", "eventName": "AdminSetUserPassword", "requestParameters": {"username": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "responseElements": None,
          "additionalEventData": {"sub": "u-1"}}, ("u-1", None)),
        ({"eventSource": "sso-directory.amazonaws.com", "eventName": "UpdatePassword", "requestParameters": {"userId": "u-1", "identityStoreId": "d-1"}, "responseElements": None}, ("u-1", "user")),
    ],
)  # fmt: skip
def test_what_it_was_done_to(changes: Record, expected: tuple[str | None, str | None]) -> None:
    found = told(changed(**changes))
    assert (found.get("target_id"), found.get("target_kind")) == expected


def test_removing_an_account_is_no_sharing() -> None:
    share = {
        "snapshotId": "snap-1",
        "createVolumePermission": {"add": {"items": [{"userId": "444455556666"}]}},
    }
    unshare = {
        "snapshotId": "snap-1",
        "createVolumePermission": {"remove": {"items": [{"userId": "444455556666"}]}},
    }
    ec2 = {
        "eventSource": "ec2.amazonaws.com",
        "eventName": "ModifySnapshotAttribute",
        "responseElements": None,
    }
    assert told(changed(**ec2, requestParameters=share))["target_tenant_id"] == "444455556666"
    assert "target_tenant_id" not in told(changed(**ec2, requestParameters=unshare))


def test_events_of_a_network_are_events() -> None:
    """As the guide has them: one that passed an endpoint, and one that its policy denied somebody else."""
    passed = {
        "eventVersion": "1.11", "userIdentity": ROLE["userIdentity"], "eventTime": "2026-03-02T09:14:00Z", "eventSource": "kms.amazonaws.com", "eventName": "ListKeys", "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.0", "requestID": "r-1", "eventID": "n-1", "eventType": "AwsVpceEvent", "recipientAccountId": "111122223333", "sharedEventID": "s-1",
        "vpcEndpointId": "vpce-1", "vpcEndpointAccountId": "111122223333", "eventCategory": "NetworkActivity",
    }  # fmt: skip
    denied = passed | {
        "userIdentity": {"type": "AWSAccount", "principalId": "AROAOTHER:eve", "accountId": "444455556666"}, "eventID": "n-2", "errorCode": "VpceAccessDenied",
        "errorMessage": "The request was denied due to a VPC endpoint policy",
    }  # fmt: skip
    assert told(denied) == {
        "event_id": "n-2", "occurred_at": "2026-03-02T09:14:00", "tenant_id": "111122223333", "region": "us-east-1", "service": "kms.amazonaws.com", "action": "ListKeys", "outcome": "failure",
        "error_code": "VpceAccessDenied", "principal_id": "AROAOTHER:eve", "principal_name": "eve", "principal_kind": "role", "principal_tenant_id": "444455556666", "source_ip": "192.0.2.0",
    }  # fmt: skip
    assert (
        told(passed).items()
        >= {"outcome": "success", "credential_id": "ASIAEXAMPLE", "action": "ListKeys"}.items()
    )


def test_old_records_without_ids() -> None:
    old = {
        key: value for key, value in ROLE.items() if key not in ("eventID", "recipientAccountId", "readOnly")
    }
    one, same, other = stage([old, old, old | {"requestID": "r-2"}], "aws_cloudtrail")
    assert one["event_id"] == same["event_id"] != other["event_id"]
    assert one["event_id"].startswith("sha256:")
    assert (one["tenant_id"], one["is_read_only"]) == ("111122223333", None)


# --- digests and insights --------------------------------------------------------------------------------

DIGEST: Record = {
    "awsAccountId": "111122223333", "digestStartTime": "2026-03-02T08:14:00Z", "digestEndTime": "2026-03-02T09:14:00Z", "digestS3Bucket": "trail-bucket",
    "digestS3Object": "logs/AWSLogs/111122223333/CloudTrail-Digest/us-west-2/2026/03/02/111122223333_CloudTrail-Digest_us-west-2_my_trail-1_eu-central-1_20260302T091400Z.json.gz",
    "logFiles": [],
}  # fmt: skip


def digest(object_name: str) -> Record:
    found = told(DIGEST | {"digestS3Object": object_name}, "aws_cloudtrail_digest")
    return {name: found.get(name) for name in ("region", "target_id", "target_name")}


def test_a_digest_says_that_an_hour_was_logged() -> None:
    assert told(DIGEST, "aws_cloudtrail_digest") == {
        "event_id": DIGEST["digestS3Object"], "occurred_at": "2026-03-02T09:14:00", "tenant_id": "111122223333", "region": "us-west-2", "service": "cloudtrail.amazonaws.com",
        "action": "DigestDelivered", "outcome": "success", "principal_name": "cloudtrail.amazonaws.com", "principal_kind": "service",
        "target_id": "arn:aws:cloudtrail:eu-central-1:111122223333:trail/my_trail-1", "target_name": "my_trail-1", "target_kind": "trail",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("object_name", "expected"),
    [
        # a trail of an organization belongs to an account that the file does not name
        ("AWSLogs/o-abcd123456/111122223333/CloudTrail-Digest/us-east-1/2026/03/02/111122223333_CloudTrail-Digest_us-east-1_org_us-east-1_20260302T091400Z.json.gz", ("us-east-1", None, "org")),
        ("AWSLogs/111122223333/CloudTrail-Digest/cn-north-1/2026/03/02/111122223333_CloudTrail-Digest_cn-north-1_t_cn-north-1_20260302T091400Z_backfill.json.gz",
         ("cn-north-1", "arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/t", "t")),
        ("AWSLogs/111122223333/CloudTrail-Digest/us-gov-west-1/111122223333_CloudTrail-Digest_us-gov-west-1_t_us-gov-west-1_20260302T091400Z.json.gz",
         ("us-gov-west-1", "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/t", "t")),
        ("moved/CloudTrail-Digest/us-west-2/renamed.json.gz", ("us-west-2", None, None)),
        ("renamed", (None, None, None)),
    ],
)  # fmt: skip
def test_the_trail_of_a_digest(object_name: str, expected: tuple[str | None, ...]) -> None:
    assert tuple(digest(object_name).values()) == expected


def test_a_digest_without_its_own_name() -> None:
    found = told(
        {key: value for key, value in DIGEST.items() if key != "digestS3Object"}, "aws_cloudtrail_digest"
    )
    assert found["event_id"].startswith("sha256:")


def test_an_insight() -> None:
    insight = {
        "eventVersion": "1.08", "eventTime": "2026-03-02T09:14:00Z", "awsRegion": "us-east-1", "eventID": "i-1", "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333",
        "insightDetails": {"state": "Start", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "insightType": "ApiErrorRateInsight", "errorCode": "AccessDenied"}, "eventCategory": "Insight",
    }  # fmt: skip
    assert told(insight, "aws_cloudtrail_insight") == {
        "event_id": "i-1", "occurred_at": "2026-03-02T09:14:00", "tenant_id": "111122223333", "region": "us-east-1", "service": "iam.amazonaws.com", "action": "ApiErrorRateInsight Start",
        "outcome": "unknown", "error_code": "AccessDenied", "principal_name": "cloudtrail.amazonaws.com", "principal_kind": "service", "target_id": "CreateUser", "target_name": "CreateUser",
        "target_kind": "operation",
    }  # fmt: skip
    bare = told({"eventType": "AwsCloudTrailInsight", "insightDetails": "cut"}, "aws_cloudtrail_insight")
    assert (bare["action"], "occurred_at" in bare) == ("Insight", False)


def test_a_real_digest_and_real_insights(real_logs: Path, tmp_path: Path) -> None:
    folder = real_logs / "cloudtrail"
    files = [folder / f"elastic/test-{name}-json.log" for name in ("cloudtrail-digest", "insight")]
    ingest(tmp_path / "lake", [*files, folder / "sekoia/aws-cloudtrail.jsonl"], datetime(2026, 3, 10))
    _, rows = run_query(
        Lake.open(tmp_path / "lake"),
        "select source, tenant_id, occurred_at, action, region, target_id from events where source <> 'aws_cloudtrail' order by all",
    )
    assert rows == [
        ("aws_cloudtrail_digest", "123456789123", datetime(2020, 9, 11, 19, 36, 49), "DigestDelivered", "us-west-2",
         "arn:aws:cloudtrail:us-west-2:123456789123:trail/leh-ct-test"),
        ("aws_cloudtrail_insight", "1111111111", datetime(2022, 9, 5, 7, 45), "ApiErrorRateInsight End", "eu-west-3", "GetBucketPolicy"),
        ("aws_cloudtrail_insight", "123456789012", datetime(2020, 9, 9, 23), "ApiCallRateInsight End", "us-east-1", "AttachUserPolicy"),
    ]  # fmt: skip


# --- whatever comes --------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
WHOLE = ROLE | {"resources": [{"ARN": "a"}], "additionalEventData": {"MFAUsed": "Yes", "bytesTransferredOut": 1.0}, "serviceEventDetails": {}, "sessionCredentialFromConsole": "true"}  # fmt: skip
SERVICES = st.sampled_from(["iam.amazonaws.com", "signin.amazonaws.com", "sts.amazonaws.com", "cognito-idp.amazonaws.com", "ssm.amazonaws.com"])  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_wrong_type_anywhere_costs_columns_and_no_more(data: st.DataObject) -> None:
    records: list[Record] = []
    for _ in range(5):
        record: Record = WHOLE | {"eventSource": data.draw(SERVICES)}
        for key in data.draw(
            st.sets(st.sampled_from([*WHOLE, "@timestamp", "network", "error"]), max_size=4)
        ):
            record[key] = data.draw(JSON)
        inner = data.draw(
            st.sampled_from(["userIdentity", "requestParameters", "responseElements", "additionalEventData"])
        )
        if isinstance(record[inner], dict):
            keys = st.sampled_from(
                [*record[inner], "sessionContext", "onBehalfOf", "createVolumePermission", "names"]
            )
            record[inner] = {**record[inner], data.draw(keys): data.draw(JSON)}
        records.append(record)
    assert len(stage(records, "aws_cloudtrail")) == 5


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(DIGEST)), JSON)
def test_a_wrong_type_in_a_digest(key: str, value: Any) -> None:
    assert len(stage([DIGEST | {key: value}], "aws_cloudtrail_digest")) == 1
    assert len(stage([{"eventType": "AwsCloudTrailInsight", key: value, "insightDetails": value}], "aws_cloudtrail_insight")) == 1  # fmt: skip
