"""CloudTrail in every shape as columns of `events`, field by field; the expected values were written after reading the record."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.shapes.cloudtrail import reshape
from pipeline.shapes.sentinel_cloudtrail import SENTINEL
from tests.sql.stage import stage

FLAWS = (
    "cloudtrail/flaws-cloud/AWSLogs/o-abcd/811596193553/CloudTrail/us-east-1/2020/09/30/"
    "811596193553_CloudTrail_us-east-1-20200930T2200.json"
)
LEVEL6 = {
    "tenant_id": "811596193553",
    "principal_id": "AIDADO2GQD0K8TEF7KW1V",
    "principal_name": "Level6",
    "principal_kind": "user",
    "credential_id": "AKIA3Z2XBVUDFQ9TU4MD",
    "credential_kind": "access_key",
    "source_ip": "205.8.181.128",
    "occurred_at": datetime(2020, 9, 30, 22, 22, 52),
    "outcome": "success",
    "region": "us-east-1",
}
FAKE_USER = {
    "principal_kind": "user",
    "principal_name": "fakeusername",
    "credential_kind": "console_session",
    "session_id": "0123456789ABCDEFGHIJK/2022-02-07T22:17:32Z",
    "session_started_at": datetime(2022, 2, 7, 22, 17, 32),
    "is_mfa": False,
    "source_ip": "1.2.3.4",
    "region": "ap-southeast-2",
    "tenant_id": "012345678901",
}
# file, number of the record in it, expected columns
REAL: list[tuple[str, int, dict[str, Any]]] = [
    ("cloudtrail/stratus-red-team/aws.exfiltration.ec2-share-ebs-snapshot.json", 0, {
        "event_id": "6897ff63-d738-445c-9e86-43e5b1f8e12f", "occurred_at": datetime(2024, 8, 1, 12, 28, 2), "tenant_id": "756680937392",
        "action": "ModifySnapshotAttribute", "service": "ec2.amazonaws.com", "target_id": "snap-041993b54a9b3af6f", "target_kind": "snapshot",
        "target_tenant_id": "098797384747", "principal_name": "christophe", "credential_id": "AKIAYLJU0B35TFSNKCS2", "is_read_only": False, "outcome": "success",
    }),
    ("cloudtrail/stratus-red-team/aws.credential-access.secretsmanager-retrieve-secrets.json", 0, {
        "action": "GetSecretValue", "target_kind": "secret", "is_read_only": True, "principal_id": "AIDA45XCCHPPLELFTIIM", "principal_tenant_id": "903144391865",
        "target_id": "arn:aws:secretsmanager:cn-centraleast-1r:903144391865:secret:stratus-red-team-retrieve-secret-18-4Rzn83", "source_ip": "253.201.144.253",
    }),
    ("cloudtrail/stratus-red-team/aws.initial-access.console-login-without-mfa.json", 0, {
        "action": "ConsoleLogin", "outcome": "success", "is_mfa": False, "credential_id": None, "principal_name": "stratus-red-team-nmfalu-jfzdtsvchl",
        "source_ip": "225.01.00.16",  # made canonical, that is null, by ingest
        "occurred_at": datetime(2024, 8, 2, 8, 53, 24),
    }),
    ("cloudtrail/stratus-red-team/aws.persistence.sts-federation-token.json", 0, {
        "action": "GetFederationToken", "issued_credential_id": "ASIASTJKC5GCM7ZE6LUP", "is_read_only": False, "tenant_id": "742491224508",
    }),
    (FLAWS, 0, LEVEL6 | {"event_id": "f146e1b4-5796-40b0-aa15-ba54d7d823d5", "action": "ListCloudFrontOriginAccessIdentities", "service": "cloudfront.amazonaws.com"}),
    (FLAWS, 1, LEVEL6 | {"event_id": "8c58977-02ee-4dc3-8784-7f4bbe90c591", "action": "ListStreamingDistributions"}),
    (FLAWS, 20, LEVEL6 | {"event_id": "861cf02f-7b8b-4d21-abad-af54befd0211", "action": "DescribeMetricFilters", "service": "logs.amazonaws.com"}),
    ("cloudtrail/plaso/aws_cloudtrail.jsonl", 0, FAKE_USER | {
        "event_id": "0828c0d2-3589-4390-b954-c78b4a7df44b", "action": "DescribeInstances", "occurred_at": datetime(2022, 2, 7, 22, 23, 37), "is_read_only": True,
    }),
    ("cloudtrail/plaso/aws_cloudtrail.jsonl", 3, {
        "event_id": "ec783cd8-fad8-41a8-abac-569a78c42e33", "action": "SharedSnapshotVolumeCreated", "principal_kind": "service", "principal_name": "ec2.amazonaws.com",
        "source_ip": None, "target_id": "snap-0a9e1526b9b037a30", "target_kind": "snapshot", "credential_id": None, "tenant_id": "012345678901",
    }),
    ("cloudtrail/plaso/aws_cloudtrail.jsonl", 4, FAKE_USER | {
        "event_id": "fdd7443c-ba1f-47eb-b0bc-42395266d12c", "action": "RunInstances", "occurred_at": datetime(2022, 2, 7, 22, 19, 5),
    }),
    ("cloudtrail/sekoia/aws-cloudtrail.jsonl", 0, {
        "event_id": "8311ce18-5d58-40f1-a4b3-a757df7cbe47", "action": "ModifyInstanceAttribute", "principal_kind": "root", "credential_kind": "console_session",
        "is_mfa": True, "source_ip": None, "target_id": "i-00000000000000000", "target_kind": "instance", "session_started_at": datetime(2022, 8, 31, 7, 20, 10),
    }),
    ("cloudtrail/sekoia/aws-cloudtrail.jsonl", 1, {
        "event_id": "6ffb6978-7b42-47d1-9aa1-1838ec08b514", "action": "LookupEvents", "principal_kind": "root", "credential_id": "ASIA1111111111111",
        "credential_kind": "temporary_key", "is_mfa": False, "is_read_only": True, "source_ip": "1.2.3.4",
    }),
    ("cloudtrail/sekoia/aws-cloudtrail.jsonl", 2, {
        "action": "PutClusterCapacityProviders", "occurred_at": datetime(2023, 9, 29, 15, 6, 45), "principal_name": "AAAAAAAAAAAA", "tenant_id": "007",
        "principal_tenant_id": "00000", "credential_id": "AAAAAAAAA",
    }),
]  # fmt: skip


def read(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]
    return value["Records"] if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("file", "number", "expected"), REAL, ids=lambda value: str(value)[-40:] if isinstance(value, str) else ""
)
def test_real_records(real_logs: Path, file: str, number: int, expected: dict[str, Any]) -> None:
    row = stage([read(real_logs / file)[number]], "aws_cloudtrail", reshape)[0]
    assert {name: row[name] for name in expected} == expected


ROLE: dict[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:ada@example.com",
        "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada@example.com",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": "arn:aws:iam::111122223333:role/Admin",
                "accountId": "111122223333",
                "userName": "Admin",
            },
            "attributes": {"creationDate": "2026-03-02T09:00:00Z", "mfaAuthenticated": "true"},
        },
    },
    "eventTime": "2026-03-02T09:14:00Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateAccessKey",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.7",
    "userAgent": "aws-cli/2",
    "requestParameters": {"userName": "deploy-bot"},
    "responseElements": {
        "accessKey": {"accessKeyId": "AKIANEW", "userName": "deploy-bot", "status": "Active"}
    },
    "requestID": "r-1",
    "eventID": "e-1",
    "readOnly": False,
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "recipientAccountId": "111122223333",
    "eventCategory": "Management",
}
CANONICAL = ("raw", "received_at", "source_file", "source_row")


def columns(record: dict[str, Any] | str) -> dict[str, Any]:
    row = stage([record], "aws_cloudtrail", reshape)[0]
    return {name: value for name, value in row.items() if name not in CANONICAL}


def at(record: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = record
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def sentinel_row(record: dict[str, Any]) -> dict[str, Any]:
    """The record as Microsoft's connector writes it: objects as JSON text, flags as text, nothing for what is missing."""
    row: dict[str, Any] = {"Type": "AWSCloudTrail", "TenantId": "workspace"}
    for column, path in SENTINEL.items():
        value = at(record, path)
        if isinstance(value, dict | list):
            value = json.dumps(value)
        if column != "AwsRequestId" and value is not None:
            row[column] = str(value).lower() if isinstance(value, bool) else value
    if row.get("SessionMfaAuthenticated"):
        row["SessionMfaAuthenticated"] = row["SessionMfaAuthenticated"] == "true"
    return row


SECURITY_LAKE_1_1 = {
    "metadata": {"product": {"name": "CloudTrail", "vendor_name": "AWS", "version": "1.11"}, "uid": "e-1", "event_code": "AwsApiCall", "version": "1.1.0", "profiles": ["cloud", "datetime"]},
    "time": 1772442840000, "time_dt": 1772442840000, "cloud": {"region": "us-east-1", "provider": "AWS", "account": {"uid": "111122223333"}},
    "api": {
        "operation": "CreateAccessKey", "service": {"name": "iam.amazonaws.com"}, "request": {"uid": "r-1", "data": json.dumps(ROLE["requestParameters"])},
        "response": {"error": None, "message": None, "data": json.dumps(ROLE["responseElements"])}, "version": None,
    },
    "actor": {
        "user": {"type": "AssumedRole", "name": None, "uid": ROLE["userIdentity"]["arn"], "uid_alt": "AROAEXAMPLE:ada@example.com", "account": {"uid": "111122223333"}, "credential_uid": "ASIAEXAMPLE"},
        "session": {"created_time_dt": 1772442000000, "is_mfa": True, "issuer": "arn:aws:iam::111122223333:role/Admin"}, "invoked_by": None, "idp": {"name": None},
    },
    "http_request": {"user_agent": "aws-cli/2"}, "src_endpoint": {"ip": "192.0.2.7", "uid": None, "domain": None}, "class_uid": 6003, "class_name": "API Activity",
    "unmapped": [
        {"key": "recipientAccountId", "value": "111122223333"}, {"key": "readOnly", "value": "false"}, {"key": "managementEvent", "value": "true"},
        {"key": "eventCategory", "value": "Management"}, {"key": "userIdentity.sessionContext.sessionIssuer.accountId", "value": "111122223333"},
    ],
}  # fmt: skip
SECURITY_LAKE_RC2 = {
    "metadata": {"product": {"name": "CloudTrail", "version": "1.11"}, "uid": "e-1", "version": "1.0.0-rc.2"}, "time": 1772442840000, "cloud": {"region": "us-east-1", "account_uid": "111122223333"},
    "api": {"operation": "CreateAccessKey", "service": {"name": "iam.amazonaws.com"}, "request": {"uid": "r-1"}, "response": {"error": None}},
    "identity": {}, "class_uid": 3001,
    "actor": {
        "user": {"type": "AssumedRole", "uid": "AROAEXAMPLE:ada@example.com", "uuid": ROLE["userIdentity"]["arn"], "account_uid": "111122223333", "credential_uid": "ASIAEXAMPLE"},
        "session": {"created_time": 1772442000000, "mfa": True, "issuer": "arn:aws:iam::111122223333:role/Admin"},
    },
    "http_request": {"user_agent": "aws-cli/2"}, "src_endpoint": {"ip": "192.0.2.7"},
    "unmapped": {
        "requestParameters.userName": "deploy-bot", "responseElements.accessKey.accessKeyId": "AKIANEW", "responseElements.accessKey.userName": "deploy-bot",
        "recipientAccountId": "111122223333", "readOnly": "false",
    },
}  # fmt: skip


def lower_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): lower_keys(inner) for key, inner in value.items()}
    return value


OTHER_SHAPES: dict[str, Any] = {
    "LookupEvents": {"EventId": "e-1", "EventName": "CreateAccessKey", "EventTime": "2026-03-02T10:14:00+01:00", "Username": "ada", "CloudTrailEvent": json.dumps(ROLE)},
    "Sentinel's table": sentinel_row(ROLE),
    "Security Lake, OCSF 1.1": SECURITY_LAKE_1_1,
    "Security Lake, OCSF 1.0-rc.2": SECURITY_LAKE_RC2,
    "Athena, lower case": {
        key.lower(): lower_keys(value) if key == "userIdentity" else json.dumps(value) if isinstance(value, dict) else value for key, value in ROLE.items()
    },
    "a warehouse, with underlines": {"user_identity" if key == "userIdentity" else key.replace("event", "event_").lower(): value for key, value in ROLE.items()},
    "logstash": {"@timestamp" if key == "eventTime" else key.lower(): value for key, value in ROLE.items()},
}  # fmt: skip


@pytest.mark.parametrize("shape", OTHER_SHAPES)
def test_other_shapes_give_the_columns_of_the_record(shape: str) -> None:
    assert columns(OTHER_SHAPES[shape]) == columns(ROLE)


def test_a_lookup_whose_event_is_gone_gives_what_the_outside_says() -> None:
    row = columns({
        "EventId": "e-9", "EventName": "ConsoleLogin", "EventTime": "2022-02-08 09:23:37+11:00", "EventSource": "signin.amazonaws.com", "Username": "ada",
        "ReadOnly": "false", "AccessKeyId": "", "CloudTrailEvent": "",
    })  # fmt: skip
    assert (row["event_id"], row["occurred_at"], row["principal_name"], row["is_read_only"]) == (
        "e-9",
        datetime(2022, 2, 7, 22, 23, 37),
        "ada",
        False,
    )
    assert reshape({"CloudTrailEvent": ""}) is not None
    assert "postreset_problem" in (reshape({"CloudTrailEvent": ""}) or {})


def test_the_consoles_csv() -> None:
    row = columns({
        "Event ID": "e-1", "Event time": "2026-03-02T09:14:00Z", "Event name": "CreateUser", "Event source": "iam.amazonaws.com", "User name": "ada", "AWS region": "us-east-1",
        "AWS access key": "AKIAEXAMPLE", "Source IP address": "192.0.2.7", "Error code": "AccessDenied", "Read-only": "false", "Resources": "[]",
    })  # fmt: skip
    assert (
        row["action"],
        row["principal_name"],
        row["credential_id"],
        row["outcome"],
        row["error_code"],
    ) == ("CreateUser", "ada", "AKIAEXAMPLE", "failure", "AccessDenied")


def test_an_elastic_document_without_its_original() -> None:
    row = columns({
        "@timestamp": "2026-03-02T09:14:00.000Z", "event": {"id": "e-1", "action": "CreateAccessKey", "provider": "iam.amazonaws.com", "outcome": "success"},
        "cloud": {"region": "us-east-1", "account": {"id": "111122223333"}}, "source": {"ip": "192.0.2.7", "address": "192.0.2.7"}, "user_agent": {"original": "aws-cli/2"},
        "aws": {"cloudtrail": {
            "event_type": "AwsApiCall", "recipient_account_id": "111122223333", "request_parameters": '{"userName": "deploy-bot"}', "error_code": None,
            "user_identity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada", "access_key_id": "ASIAEXAMPLE", "principal_id": "AROAEXAMPLE:ada",
                              "session_context": {"creation_date": "2026-03-02T09:00:00Z", "mfa_authenticated": "true"}},
        }},
    })  # fmt: skip
    expected = {"event_id": "e-1", "action": "CreateAccessKey", "service": "iam.amazonaws.com", "principal_kind": "role", "principal_name": "ada", "credential_id": "ASIAEXAMPLE",
                "session_started_at": datetime(2026, 3, 2, 9), "is_mfa": True, "source_ip": "192.0.2.7", "target_id": "deploy-bot", "tenant_id": "111122223333"}  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_security_lake_as_parquet(tmp_path: Path) -> None:
    """A map column as Security Lake writes it, read by ingest."""
    import pyarrow.parquet as pq

    row = SECURITY_LAKE_1_1 | {
        "unmapped": [(pair["key"], pair["value"]) for pair in SECURITY_LAKE_1_1["unmapped"]]
    }
    table = pa.Table.from_pylist([row], schema=pa.Table.from_pylist([SECURITY_LAKE_1_1]).schema.set(
        list(SECURITY_LAKE_1_1).index("unmapped"), pa.field("unmapped", pa.map_(pa.string(), pa.string()))))  # fmt: skip
    pq.write_table(table, tmp_path / "lake.gz.parquet")
    ingest(tmp_path / "lake", [tmp_path / "lake.gz.parquet"], datetime(2026, 3, 10))
    expected = columns(ROLE)
    names = sorted(set(expected) - {"source"})
    _, rows = run_query(Lake.open(tmp_path / "lake"), f"select {', '.join(names)} from events")
    assert dict(zip(names, rows[0], strict=True)) == {name: expected[name] for name in names}


def change(record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**record, **changes}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "success"),
        ({"errorCode": "AccessDenied"}, "failure"),
        ({"errorCode": "Client.DryRunOperation"}, "failure"),
        ({"errorCode": ""}, "success"),
        ({"errorMessage": "Failed authentication"}, "failure"),
        (
            {
                "eventSource": "signin.amazonaws.com",
                "eventName": "ConsoleLogin",
                "responseElements": {"ConsoleLogin": "Failure"},
            },
            "failure",
        ),
        (
            {
                "eventType": "AwsVpceEvent",
                "eventCategory": "NetworkActivity",
                "errorCode": "VpceAccessDenied",
            },
            "failure",
        ),
    ],
)
def test_outcome(changes: dict[str, Any], outcome: str) -> None:
    assert columns(change(ROLE, **changes))["outcome"] == outcome


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"type": "AWSAccount", "principalId": "ANONYMOUS_PRINCIPAL", "accountId": "anonymous"}, "anonymous"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "service"),
        ({"accountId": "111122223333", "invokedBy": "ec2.amazonaws.com"}, "service"),
        ({"type": "SAMLUser", "principalId": "x:y", "userName": "ada"}, "federated"),
        ({"type": "WebIdentityUser", "userName": "ada"}, "federated"),
        ({"type": "Unknown", "principalId": "x"}, None),
        ({"type": "IAMUser", "accesKeyId": "AKIA", "accessKeyId": ""}, "user"),
    ],
)
def test_who_acted(identity: dict[str, Any], expected: str | None) -> None:
    row = columns(change(ROLE, userIdentity=identity))
    assert row["principal_kind"] == expected
    assert row["credential_id"] == identity.get("accesKeyId")  # as some records spell it


def test_a_digest_and_an_insight_are_kept_apart(real_logs: Path, tmp_path: Path) -> None:
    files = [
        real_logs / "cloudtrail/elastic" / f"test-{name}-json.log"
        for name in ("cloudtrail-digest", "insight")
    ]
    ingest(tmp_path / "lake", files, datetime(2026, 3, 10))
    _, rows = run_query(
        Lake.open(tmp_path / "lake"),
        "select source, tenant_id, occurred_at, action, region from events order by 1, 3",
    )
    assert (
        "aws_cloudtrail_digest",
        "123456789123",
        datetime(2020, 9, 11, 19, 36, 49),
        "DigestDelivered",
        "us-west-2",
    ) in rows
    assert (
        "aws_cloudtrail_insight",
        "123456789012",
        datetime(2020, 9, 9, 23),
        "ApiCallRateInsight End",
        "us-east-1",
    ) in rows


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["CloudTrailEvent", "EventName", "EventSource", "UserIdentityType", "eventsource", "eventname", "useridentity", "class_uid", "metadata",
                        "unmapped", "actor", "aws", "@timestamp", "Event name", "Event source", "TimeGenerated", "SessionMfaAuthenticated", "x"])  # fmt: skip
FIXED = (
    st.just({"metadata": {"product": {"name": "CloudTrail"}}, "class_uid": 6003})
    | st.just({"aws": {"cloudtrail": {"a": 1}}})
    | st.just({})
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=8), FIXED)
def test_reshape_never_fails(record: dict[str, Any], fixed: dict[str, Any]) -> None:
    shaped = reshape(record | fixed)
    assert shaped is None or json.dumps(shaped)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_wrong_type_anywhere_costs_a_column_at_most(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(list(ROLE)))
    row = stage([change(ROLE, **{key: data.draw(JSON)})], "aws_cloudtrail")[0]
    assert row["source"] == "aws_cloudtrail"
