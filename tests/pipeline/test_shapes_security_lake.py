"""Security Lake's OCSF, in three versions of the schema, gives the record of the trail that it was made of."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.shapes.cloudtrail import reshape
from tests.sql.stage import stage

Record = dict[str, Any]

REQUEST = {"userName": "deploy-bot", "tags": [{"key": "a", "value": "1"}]}
RESPONSE = {"accessKey": {"accessKeyId": "AKIANEW", "userName": "deploy-bot", "status": "Active"}}
RECORD: Record = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:ada@example.com",
        "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada@example.com",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "invokedBy": "cloudformation.amazonaws.com",
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
    "requestParameters": REQUEST,
    "responseElements": RESPONSE,
    "requestID": "r-1",
    "eventID": "e-1",
    "readOnly": False,
    "resources": [{"ARN": "arn:aws:iam::111122223333:user/deploy-bot", "accountId": "111122223333", "type": "AWS::IAM::User"}],
    "eventType": "AwsApiCall",
    "apiVersion": "2010-05-08",
    "managementEvent": True,
    "recipientAccountId": "111122223333",
    "eventCategory": "Management",
    "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    "vpcEndpointId": "vpce-1",
}  # fmt: skip
ISSUER = {f"userIdentity.sessionContext.sessionIssuer.{key}": RECORD["userIdentity"]["sessionContext"]["sessionIssuer"][key] for key in ("type", "principalId", "accountId", "userName")}  # fmt: skip
OF_1_1: Record = {
    "metadata": {"product": {"name": "CloudTrail", "vendor_name": "AWS", "version": "1.11", "feature": {"name": "Management"}}, "event_code": "AwsApiCall", "uid": "e-1",
                 "profiles": ["cloud", "datetime"], "version": "1.1.0"},
    "time": 1772442840000, "time_dt": "2026-03-02T04:14:00.000-05:00",
    "cloud": {"region": "us-east-1", "provider": "AWS"},
    "api": {"operation": "CreateAccessKey", "version": "2010-05-08", "service": {"name": "iam.amazonaws.com"}, "request": {"data": json.dumps(REQUEST), "uid": "r-1"},
            "response": {"error": None, "message": None, "data": json.dumps(RESPONSE)}},
    "actor": {
        "user": {"type": "AssumedRole", "name": None, "uid_alt": "AROAEXAMPLE:ada@example.com", "uid": RECORD["userIdentity"]["arn"], "account": {"uid": "111122223333"}, "credential_uid": "ASIAEXAMPLE"},
        "session": {"created_time_dt": "2026-03-02T09:00:00Z", "is_mfa": True, "issuer": "arn:aws:iam::111122223333:role/Admin"},
        "invoked_by": "cloudformation.amazonaws.com", "idp": {"name": None},
    },
    "http_request": {"user_agent": "aws-cli/2"}, "src_endpoint": {"uid": "vpce-1", "ip": "192.0.2.7", "domain": None},
    "resources": [{"uid": "arn:aws:iam::111122223333:user/deploy-bot", "owner": {"account": {"uid": "111122223333"}}, "type": "AWS::IAM::User"}],
    "class_name": "API Activity", "class_uid": 6003, "category_name": "Application Activity", "severity_id": 1, "status": "Success", "status_id": 1,
    "activity_name": "Create", "activity_id": 1, "type_uid": 600301,
    "unmapped": {"recipientAccountId": "111122223333", "readOnly": "false", "managementEvent": "true", "tlsDetails.tlsVersion": "TLSv1.3",
                 "tlsDetails.cipherSuite": "TLS_AES_128_GCM_SHA256", **ISSUER},
    "accountid": "111122223333", "region": "us-east-1", "asl_version": None, "observables": [{"name": "src_endpoint.ip", "value": "192.0.2.7"}],
}  # fmt: skip
OF_RC2: Record = {
    "metadata": {"product": {"name": "CloudTrail", "vendor_name": "AWS", "version": "1.11", "feature": {"name": "Management"}}, "uid": "e-1", "profiles": ["cloud"], "version": "1.0.0-rc.2"},
    "time": 1772442840000, "cloud": {"region": "us-east-1", "provider": "AWS"},
    "api": {"operation": "CreateAccessKey", "version": "2010-05-08", "service": {"name": "iam.amazonaws.com"}, "request": {"uid": "r-1"}, "response": {}},
    "actor": {
        "user": {"type": "AssumedRole", "uid": "AROAEXAMPLE:ada@example.com", "uuid": RECORD["userIdentity"]["arn"], "account_uid": "111122223333", "credential_uid": "ASIAEXAMPLE"},
        "session": {"created_time": 1772442000000, "mfa": True, "issuer": "arn:aws:iam::111122223333:role/Admin"},
        "invoked_by": "cloudformation.amazonaws.com", "idp": {},
    },
    "http_request": {"user_agent": "aws-cli/2"}, "src_endpoint": {"uid": "vpce-1", "ip": "192.0.2.7"},
    "resources": [{"uid": "arn:aws:iam::111122223333:user/deploy-bot", "account_uid": "111122223333", "type": "AWS::IAM::User"}],
    "class_name": "API Activity", "class_uid": 3005, "status": "Success", "status_id": 1,
    "unmapped": {
        "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "readOnly": "false", "managementEvent": "true",
        "requestParameters.userName": "deploy-bot", "requestParameters.tags[0].key": "a", "requestParameters.tags[0].value": "1",
        "responseElements.accessKey.accessKeyId": "AKIANEW", "responseElements.accessKey.userName": "deploy-bot", "responseElements.accessKey.status": "Active",
        "tlsDetails.tlsVersion": "TLSv1.3", "tlsDetails.cipherSuite": "TLS_AES_128_GCM_SHA256", **ISSUER,
    },
}  # fmt: skip
OF_1_5 = OF_1_1 | {
    "metadata": OF_1_1["metadata"] | {"version": "1.5.0"},
    "cloud": OF_1_1["cloud"] | {"account": {"uid": "111122223333"}},
    "unmapped": {key: value for key, value in OF_1_1["unmapped"].items() if key != "recipientAccountId"},
}


def without(record: Record, *keys: str) -> Record:
    return {key: value for key, value in record.items() if key not in keys}


def shaped(row: Record) -> Record:
    found = reshape(row)
    assert found is not None
    return found


def columns(record: Record) -> Record:
    return without(stage([record], "aws_cloudtrail")[0], "raw")


@pytest.mark.parametrize("row", [OF_1_1, OF_RC2, OF_1_5], ids=["1.1.0", "1.0.0-rc.2", "1.5.0"])
def test_each_version_gives_the_record(row: Record) -> None:
    assert without(shaped(row), "ocsf") == RECORD
    assert columns(shaped(row)) == columns(RECORD)


def test_what_the_record_has_no_place_for_is_kept() -> None:
    kept = shaped(OF_1_1)["ocsf"]
    assert kept == {
        "metadata": {"product": {"name": "CloudTrail", "vendor_name": "AWS"}, "profiles": ["cloud", "datetime"], "version": "1.1.0"},
        "time_dt": "2026-03-02T04:14:00.000-05:00", "cloud": {"provider": "AWS"}, "class_name": "API Activity", "class_uid": 6003, "category_name": "Application Activity",
        "severity_id": 1, "status": "Success", "status_id": 1, "activity_name": "Create", "activity_id": 1, "type_uid": 600301, "accountid": "111122223333", "region": "us-east-1",
        "observables": [{"name": "src_endpoint.ip", "value": "192.0.2.7"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "unmapped",
    [
        [{"key": key, "value": value} for key, value in OF_1_1["unmapped"].items()],
        json.dumps(OF_1_1["unmapped"]),
        "{" + ", ".join(f"{key}={value}" for key, value in OF_1_1["unmapped"].items()) + "}",
    ],
    ids=["keys and values", "JSON text", "Athena's text"],
)
def test_unmapped_in_each_of_its_forms(unmapped: Any) -> None:
    assert without(shaped(OF_1_1 | {"unmapped": unmapped}), "ocsf") == RECORD


def test_the_preview_calls_the_actor_identity() -> None:
    row = without(OF_RC2, "actor") | {"identity": OF_RC2["actor"]}
    assert without(shaped(row), "ocsf") == RECORD


def test_the_whole_request_as_text_in_unmapped() -> None:
    others = {
        key: value
        for key, value in OF_RC2["unmapped"].items()
        if not key.startswith(("requestP", "responseE"))
    }
    row = OF_RC2 | {"unmapped": others | {"requestParameters": json.dumps(REQUEST), "responseElements": json.dumps(RESPONSE)}}  # fmt: skip
    assert without(shaped(row), "ocsf") == RECORD


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("requestParameters.policyArns[].arn", "a", {"policyArns": [{"arn": "a"}]}),
        ("requestParameters.names.1", "b", {"names": {"1": "b"}}),
        ("requestParameters.items", '[{"instanceId": "i-1"}]', {"items": [{"instanceId": "i-1"}]}),
        # a policy is text in a trail as well
        ("requestParameters.policyDocument", '{"Version": "2012-10-17"}', {"policyDocument": '{"Version": "2012-10-17"}'}),
    ],
)  # fmt: skip
def test_dotted_names(name: str, value: str, expected: Record) -> None:
    row = without(OF_RC2, "unmapped") | {"unmapped": {name: value}}
    assert shaped(row)["requestParameters"] == expected


SIGN_IN = without(OF_RC2, "unmapped", "resources") | {
    "class_uid": 3002, "class_name": "Authentication", "status": "Failure",
    "api": {"operation": "ConsoleLogin", "service": {"name": "signin.amazonaws.com"}, "request": {"uid": "''"}, "response": {}},
    "actor": {"idp": {}, "session": {}, "user": {"account": {"uid": "111122223333"}, "name": "ada", "type": "IAMUser", "uid": "AIDAEXAMPLE"}},
    "dst_endpoint": {"svc_name": "https://console.aws.amazon.com/console/home"},
    "is_mfa": True,
    "unmapped": {"additionalEventData.MobileVersion": "No", "eventType": "AwsConsoleSignIn", "recipientAccountId": "111122223333"},
    "user": {"uid": "AIDAEXAMPLE"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "outcome"), [("Failure", "failure"), ("Success", "success"), ("Unknown", "unknown")]
)
def test_a_sign_in_ends_as_its_status_says(status: str, outcome: str) -> None:
    record = shaped(SIGN_IN | {"status": status})
    row = columns(record)
    assert (row["action"], row["outcome"], row["is_mfa"], row["principal_id"], row["principal_name"]) == (
        "ConsoleLogin",
        outcome,
        True,
        "AIDAEXAMPLE",
        "ada",
    )
    assert record["additionalEventData"] == {
        "MobileVersion": "No",
        "LoginTo": "https://console.aws.amazon.com/console/home",
        "MFAUsed": "Yes",
    }


def test_a_person_of_identity_center_has_other_ids() -> None:
    row = OF_1_5 | {
        "actor": {
            "idp": {"uid": "arn:aws:identitystore::111122223333:identitystore/d-1"},
            "user": {"account": {"uid": "111122223333"}, "credential_uid": "aaaaaaaa-0000-4000-8000-000000000001", "name": "ada@example.com", "type": "IdentityCenterUser", "uid_alt": "bbbbbbbb-0000-4000-8000-000000000002"},
        },
        "api": {"operation": "CredentialVerification", "service": {"name": "signin.amazonaws.com"}},
        "unmapped": {"additionalEventData.CredentialType": "PASSWORD", "serviceEventDetails.CredentialVerification": "Failure"},
    }  # fmt: skip
    record = shaped(row)
    assert record["userIdentity"] == {
        "type": "IdentityCenterUser", "accountId": "111122223333", "credentialId": "aaaaaaaa-0000-4000-8000-000000000001",
        "onBehalfOf": {"userId": "bbbbbbbb-0000-4000-8000-000000000002", "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1"},
    }  # fmt: skip
    found = columns(record)
    assert (found["outcome"], found["principal_name"], found["principal_id"], found["session_id"]) == (
        "failure",
        "ada@example.com",
        "bbbbbbbb-0000-4000-8000-000000000002",
        "aaaaaaaa-0000-4000-8000-000000000001",
    )


def test_an_account_change_without_its_request_names_its_user() -> None:
    row = OF_RC2 | {
        "class_uid": 3001,
        "api": {"operation": "UpdateLoginProfile", "service": {"name": "iam.amazonaws.com"}, "request": {}, "response": {}},
        "user": {"name": "bob", "uid": "AIDABOB"},
        "unmapped": {"recipientAccountId": "111122223333"},
    }  # fmt: skip
    record = shaped(row)
    assert record["requestParameters"] == {"userName": "bob"}
    assert record["ocsf"]["user"] == {"name": "bob", "uid": "AIDABOB"}
    assert columns(record)["target_id"] == "bob"


def test_an_assumed_role_without_its_request_names_its_role_and_its_session() -> None:
    row = OF_RC2 | {
        "class_uid": 3002,
        "api": {"operation": "AssumeRole", "service": {"name": "sts.amazonaws.com"}, "request": {}, "response": {}},
        "user": {"name": "ada", "uuid": "arn:aws:iam::444455556666:role/Reader"},
        "session": {"credential_uid": "ASIACHILD", "uid_alt": "AROACHILD:ada"},
        "unmapped": {},
    }  # fmt: skip
    found = columns(shaped(row))
    assert (found["target_id"], found["target_tenant_id"], found["issued_credential_id"], found["issued_session_id"]) == (
        "arn:aws:iam::444455556666:role/Reader",
        "444455556666",
        "ASIACHILD",
        "AROACHILD:ada",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"error": "AccessDenied", "message": "not authorized"}, ("failure", "AccessDenied")),
        ({"message": "not authorized"}, ("failure", "not authorized")),
        ({}, ("failure", "Failure")),
    ],
)
def test_a_failed_call_is_never_done(response: Record, expected: tuple[str, str]) -> None:
    row = OF_1_1 | {"status": "Failure", "api": OF_1_1["api"] | {"response": response}}
    found = columns(shaped(row))
    assert (found["outcome"], found["error_code"]) == expected


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"time": 1772442840000, "time_dt": None}, "2026-03-02T09:14:00Z"),
        ({"time": "1772442840123"}, "2026-03-02T09:14:00.123000Z"),
        ({"time": None, "time_dt": "2026-03-02 09:14:00"}, "2026-03-02 09:14:00"),
        ({"time": None, "time_dt": None}, None),
    ],
)
def test_when_it_happened(times: Record, expected: str | None) -> None:
    assert shaped(OF_1_1 | {"time_dt": None} | times).get("eventTime") == expected


@pytest.mark.parametrize(
    "row",
    [
        OF_1_1 | {"metadata": {"product": {"name": "Route 53"}}},
        OF_1_1 | {"metadata": {}},
        OF_1_1 | {"metadata": "CloudTrail"},
        OF_1_1 | {"metadata": {"product": {"name": ["CloudTrail"]}}},
    ],
)
def test_events_of_other_products_are_none_of_ours(row: Record) -> None:
    assert reshape(row) is None


def test_the_original_text_goes_before_everything() -> None:
    record = shaped(OF_1_1 | {"raw_data": json.dumps(RECORD)})
    assert without(record, "ocsf") == RECORD
    assert record["ocsf"]["class_uid"] == 6003


@pytest.mark.parametrize("row", [OF_1_1, OF_RC2], ids=["1.1.0", "1.0.0-rc.2"])
def test_parquet_with_a_map_and_times(row: Record, tmp_path: Path) -> None:
    """As Security Lake writes it: nested types, a map, and `time_dt` and `created_time_dt` as timestamps."""
    typed = json.loads(json.dumps(row))
    typed["unmapped"] = list(row["unmapped"].items())
    if "time_dt" in typed:
        typed["time_dt"] = datetime(2026, 3, 2, 9, 14)
        typed["actor"]["session"]["created_time_dt"] = datetime(2026, 3, 2, 9)
    del typed["actor"]["idp"]  # Parquet has no empty objects
    typed["api"]["response"] = typed["api"]["response"] or {"error": None}
    schema = pa.Table.from_pylist([without(typed, "unmapped")]).schema
    schema = schema.append(pa.field("unmapped", pa.map_(pa.string(), pa.string())))
    path = tmp_path / "rows.gz.parquet"
    pq.write_table(pa.Table.from_pylist([typed], schema=schema), path)
    text = duckdb.execute("select to_json(t)::varchar from read_parquet(?) as t", [str(path)]).fetchall()[0][
        0
    ]
    expected = columns(RECORD)
    assert columns(shaped(json.loads(text))) == expected
    ingest(tmp_path / "lake", [path], datetime(2026, 3, 10))
    names = [name for name in expected if name not in ("source_file", "source_row")]
    _, rows = run_query(Lake.open(tmp_path / "lake"), f"select {', '.join(names)} from events")
    assert dict(zip(names, rows[0], strict=True)) == {name: expected[name] for name in names}
