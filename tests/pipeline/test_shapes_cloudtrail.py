"""Every shape in which CloudTrail is handed on gives the record of a trail; what it says besides is kept."""

import copy
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pipeline.envelopes.peeling import peel
from pipeline.shapes.cloudtrail import reshape
from pipeline.shapes.cloudtrail_fields import FIELDS
from pipeline.shapes.sentinel_cloudtrail import SENTINEL
from pipeline.shapes.struct_text import from_struct_text
from tests.sql.stage import stage

Record = dict[str, Any]

RECORD: Record = {
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
            "ec2RoleDelivery": "2.0",
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
    "additionalEventData": {"note": "a"},
    "requestID": "r-1",
    "eventID": "e-1",
    "readOnly": False,
    "resources": [{"ARN": "arn:aws:iam::111122223333:user/deploy-bot", "accountId": "111122223333", "type": "AWS::IAM::User"}],
    "eventType": "AwsApiCall",
    "apiVersion": "2010-05-08",
    "managementEvent": True,
    "recipientAccountId": "111122223333",
    "sharedEventID": "s-1",
    "vpcEndpointId": "vpce-1",
    "eventCategory": "Management",
    "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": "iam.amazonaws.com"},
}  # fmt: skip
INSIGHT: Record = {
    "eventVersion": "1.08",
    "eventTime": "2026-03-02T09:14:00Z",
    "awsRegion": "us-east-1",
    "eventID": "i-1",
    "eventType": "AwsCloudTrailInsight",
    "recipientAccountId": "111122223333",
    "insightDetails": {
        "state": "Start",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "insightType": "ApiCallRateInsight",
    },
    "eventCategory": "Insight",
}


def without(record: Record, *keys: str) -> Record:
    return {key: value for key, value in record.items() if key not in keys}


def shaped(record: Record) -> Record:
    found = reshape(record)
    assert found is not None
    return found


def columns(record: Record) -> Record:
    return without(stage([record], "aws_cloudtrail")[0], "raw")


def at(record: Record, path: tuple[str, ...]) -> Any:
    value: Any = record
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


# --- LookupEvents ----------------------------------------------------------------------------------------

LOOKED_UP: Record = {
    "EventId": "e-1",
    "EventName": "CreateAccessKey",
    "ReadOnly": "false",
    "AccessKeyId": "ASIAEXAMPLE",
    "EventTime": "2026-03-02 10:14:00+01:00",
    "EventSource": "iam.amazonaws.com",
    "Username": "ada@example.com",
    "Resources": [{"ResourceType": "AWS::IAM::User", "ResourceName": "deploy-bot"}],
    "CloudTrailEvent": json.dumps(RECORD),
}


def test_an_event_that_was_looked_up_is_the_record_within_and_what_the_answer_says_more() -> None:
    found = shaped(LOOKED_UP)
    assert without(found, "lookup") == RECORD
    assert found["lookup"] == {
        "EventTime": "2026-03-02 10:14:00+01:00",
        "Username": "ada@example.com",
        "Resources": [{"ResourceType": "AWS::IAM::User", "ResourceName": "deploy-bot"}],
    }


@pytest.mark.parametrize(
    "written", [RECORD, json.dumps(RECORD), json.dumps(json.dumps(RECORD)), f"\n {json.dumps(RECORD)} "]
)
def test_the_event_is_an_object_or_its_text(written: Any) -> None:
    assert shaped({"EventId": "e-1", "CloudTrailEvent": written}) == RECORD


def test_a_table_over_the_api_writes_small_letters() -> None:
    row = {"event_id": "e-1", "event_name": "CreateAccessKey", "read_only": "false", "username": "x", "cloud_trail_event": json.dumps(RECORD)}  # fmt: skip
    assert shaped(row) == RECORD | {"lookup": {"username": "x"}}


def test_what_the_record_lacks_comes_from_around_it() -> None:
    old = without(RECORD, "eventID", "eventTime")
    found = shaped(LOOKED_UP | {"CloudTrailEvent": json.dumps(old)})
    assert (found["eventID"], found["eventTime"]) == ("e-1", "2026-03-02 10:14:00+01:00")


def test_an_insight_that_was_looked_up_stays_one() -> None:
    found = shaped({"EventId": "i-1", "EventName": "ApiCallRateInsight", "EventSource": "iam.amazonaws.com", "CloudTrailEvent": json.dumps(INSIGHT)})  # fmt: skip
    assert "eventSource" not in found
    assert "eventName" not in found
    assert without(found, "lookup") == INSIGHT


@pytest.mark.parametrize(
    "when", ["2026-03-02 10:14:00+01:00", 1772442840, 1772442840.0, "2026-03-02T09:14:00Z"]
)
@pytest.mark.parametrize("event", ["", None, json.dumps(RECORD)[:100], "[1]"])
def test_a_record_that_is_cut_off_is_built_from_the_answer(when: Any, event: Any) -> None:
    found = shaped(LOOKED_UP | {"EventTime": when, "CloudTrailEvent": event})
    row = columns(found)
    assert (row["event_id"], row["action"], row["service"], row["is_read_only"]) == (
        "e-1",
        "CreateAccessKey",
        "iam.amazonaws.com",
        False,
    )
    assert (row["occurred_at"].isoformat(), row["principal_name"], row["credential_id"]) == (
        "2026-03-02T09:14:00",
        "ada@example.com",
        "ASIAEXAMPLE",
    )
    assert found["resources"] == [{"type": "AWS::IAM::User", "ResourceName": "deploy-bot"}]
    assert not event or found["CloudTrailEvent"] == event  # what is left of it stays


@pytest.mark.parametrize(
    "answer",
    [{"CloudTrailEvent": ""}, {"CloudTrailEvent": "{", "EventId": "e"}, {"CloudTrailEvent": "[" * 100_000}],
)
def test_an_answer_without_an_event_is_a_problem(answer: Record) -> None:
    assert shaped(answer)["postreset_problem"] == "CloudTrailEvent holds no event"


def test_the_answers_of_the_command_line() -> None:
    assert [found["eventID"] for found in peel({"Events": [LOOKED_UP, LOOKED_UP], "NextToken": "x"})] == ["e-1", "e-1"]  # fmt: skip


# --- Sentinel --------------------------------------------------------------------------------------------

SENTINEL_ROW: Record = {
    "TenantId": "aaaaaaaa-0000-4000-8000-000000000001", "SourceSystem": "AzureSentinel", "TimeGenerated": "2026-03-02T09:14:00Z", "AwsEventId": "e-1", "EventVersion": "1.11",
    "EventTypeName": "AwsApiCall", "EventSource": "iam.amazonaws.com", "EventName": "CreateAccessKey", "AWSRegion": "us-east-1", "SourceIpAddress": "192.0.2.7", "UserAgent": "aws-cli/2",
    "ErrorCode": "", "ErrorMessage": "", "RequestParameters": '{"userName":"deploy-bot"}', "ResponseElements": json.dumps(RECORD["responseElements"]), "AdditionalEventData": '{"note":"a"}',
    "Resources": json.dumps(RECORD["resources"]), "ReadOnly": False, "ManagementEvent": True, "Category": "Management", "APIVersion": "2010-05-08", "RecipientAccountId": "111122223333",
    "SharedEventId": "s-1", "VpcEndpointId": "vpce-1", "AwsRequestId_": "r-1", "AwsRequestId": "", "UserIdentityType": "AssumedRole", "UserIdentityPrincipalid": "AROAEXAMPLE:ada@example.com",
    "UserIdentityArn": "arn:aws:sts::111122223333:assumed-role/Admin/ada@example.com", "UserIdentityAccountId": "111122223333", "UserIdentityAccessKeyId": "ASIAEXAMPLE", "UserIdentityUserName": "",
    "UserIdentityInvokedBy": "", "SessionMfaAuthenticated": True, "SessionCreationDate": "2026-03-02T09:00:00Z", "SessionIssuerType": "Role", "SessionIssuerPrincipalId": "AROAEXAMPLE",
    "SessionIssuerArn": "arn:aws:iam::111122223333:role/Admin", "SessionIssuerAccountId": "111122223333", "SessionIssuerUserName": "Admin", "EC2RoleDelivery": "2.0", "TlsVersion": "TLSv1.3",
    "CipherSuite": "TLS_AES_128_GCM_SHA256", "ClientProvidedHostHeader": "iam.amazonaws.com", "OperationName": "CloudTrail", "CidrIp": "198.51.100.0/24", "Type": "AWSCloudTrail",
}  # fmt: skip
OF_THE_WORKSPACE = {
    "TenantId": "aaaaaaaa-0000-4000-8000-000000000001",
    "SourceSystem": "AzureSentinel",
    "OperationName": "CloudTrail",
    "CidrIp": "198.51.100.0/24",
    "Type": "AWSCloudTrail",
}


def test_a_row_of_sentinel() -> None:
    assert shaped(SENTINEL_ROW) == RECORD | OF_THE_WORKSPACE


def test_a_row_of_the_portals_csv() -> None:
    row = {key: str(value) for key, value in SENTINEL_ROW.items()}
    row["TimeGenerated [UTC]"] = "3/2/2026, 9:14:00.000 AM"
    row["SessionCreationDate [UTC]"] = "3/2/2026, 9:00:00.000 AM"
    del row["TimeGenerated"], row["SessionCreationDate"]
    assert columns(shaped(row)) == columns(RECORD)


def test_a_local_time_is_no_time() -> None:
    row = without(SENTINEL_ROW, "TimeGenerated") | {"TimeGenerated [Local Time]": "3/2/2026, 10:14:00.000 AM"}
    assert columns(shaped(row))["occurred_at"] is None


def test_a_person_of_identity_center_in_sentinel() -> None:
    row = without(SENTINEL_ROW, "UserIdentityPrincipalid", "UserIdentityArn") | {
        "UserIdentityType": "IdentityCenterUser", "UserIdentityUserId": "u-1", "UserIdentityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1",
    }  # fmt: skip
    assert shaped(row)["userIdentity"]["onBehalfOf"] == {
        "userId": "u-1",
        "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1",
    }


def test_a_table_of_ones_own_that_holds_the_record() -> None:
    found = shaped(SENTINEL_ROW | {"RawEvent": json.dumps(RECORD)})
    assert found == RECORD | OF_THE_WORKSPACE
    cut = shaped(SENTINEL_ROW | {"RawEvent": json.dumps(RECORD)[:50]})
    assert without(cut, "RawEvent") == RECORD | OF_THE_WORKSPACE


def sentinel_row(record: Record) -> Record:
    """The record as Microsoft's connector writes it: objects as JSON text, nothing for what is missing."""
    row: Record = {"Type": "AWSCloudTrail"}
    for column, path in SENTINEL.items():
        value = at(record, path)
        if value is not None and column != "AwsRequestId":
            row[column] = json.dumps(value) if isinstance(value, dict | list) else value
    if "SessionMfaAuthenticated" in row:
        row["SessionMfaAuthenticated"] = row["SessionMfaAuthenticated"] == "true"
    return row


WORD = st.text("abcXYZ019-_./:@ ", min_size=1, max_size=8).map(str.strip).filter(bool)
MAYBE = st.none() | WORD
IDENTITY = st.fixed_dictionaries(
    {"type": st.sampled_from(["IAMUser", "AssumedRole", "Root", "AWSService", "AWSAccount", "FederatedUser"])},
    optional={
        "principalId": WORD, "arn": WORD, "accountId": WORD, "accessKeyId": WORD, "userName": WORD, "invokedBy": WORD,
        "sessionContext": st.fixed_dictionaries(
            {"attributes": st.fixed_dictionaries({"creationDate": st.sampled_from(["2026-03-02T09:00:00Z", "20260302T090000Z"]), "mfaAuthenticated": st.sampled_from(["true", "false"])})},
            optional={"sessionIssuer": st.fixed_dictionaries({"arn": WORD, "accountId": WORD})},
        ),
    },
)  # fmt: skip
RECORDS = st.fixed_dictionaries(
    {"eventSource": st.sampled_from(["iam.amazonaws.com", "sts.amazonaws.com", "s3.amazonaws.com", "signin.amazonaws.com"]), "eventName": WORD, "userIdentity": IDENTITY,
     "eventTime": st.just("2026-03-02T09:14:00Z"), "eventID": WORD},
    optional={
        "errorCode": WORD, "errorMessage": WORD, "readOnly": st.booleans(), "managementEvent": st.booleans(), "recipientAccountId": WORD, "awsRegion": WORD, "sourceIPAddress": WORD, "userAgent": WORD,
        "requestParameters": st.dictionaries(st.sampled_from(["userName", "roleArn", "bucketName", "key", "x"]), WORD, min_size=1),
        "responseElements": st.fixed_dictionaries({}, optional={"ConsoleLogin": WORD, "credentials": st.fixed_dictionaries({"accessKeyId": WORD})}).filter(bool),
        "additionalEventData": st.fixed_dictionaries({"MFAUsed": st.sampled_from(["Yes", "No"])}),
        "resources": st.lists(st.fixed_dictionaries({"ARN": WORD, "type": WORD}), min_size=1, max_size=2),
    },
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS)
def test_a_record_through_sentinel_gives_the_same_columns(record: Record) -> None:
    assert columns(shaped(sentinel_row(record))) == columns(record)


# --- other names -----------------------------------------------------------------------------------------


def small(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): small(inner) for key, inner in value.items()}
    return [small(inner) for inner in value] if isinstance(value, list) else value


def flattened(record: Record, above: str = "", dash: str = ".") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{above}{key}{dash}", dash)
        else:
            yield f"{above}{key}", value


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


OBJECT_COLUMNS = ("requestParameters", "responseElements", "additionalEventData")
ATHENA = {key.lower(): json.dumps(value) if key in OBJECT_COLUMNS else small(value) for key, value in RECORD.items()}  # fmt: skip
ATHENA_CSV = ATHENA | {
    "useridentity": "{type=AssumedRole, principalid=AROAEXAMPLE:ada@example.com, arn=arn:aws:sts::111122223333:assumed-role/Admin/ada@example.com, accountid=111122223333, invokedby=null, "
    "accesskeyid=ASIAEXAMPLE, username=null, onbehalfof=null, sessioncontext={attributes={mfaauthenticated=true, creationdate=2026-03-02T09:00:00Z}, sessionissuer={type=Role, "
    "principalid=AROAEXAMPLE, arn=arn:aws:iam::111122223333:role/Admin, accountid=111122223333, username=Admin}, ec2roledelivery=2.0, webidfederationdata=null}}",
    "resources": "[{arn=arn:aws:iam::111122223333:user/deploy-bot, accountid=111122223333, type=AWS::IAM::User}]",
    "tlsdetails": "{tlsversion=TLSv1.3, ciphersuite=TLS_AES_128_GCM_SHA256, clientprovidedhostheader=iam.amazonaws.com}",
    "readonly": "false", "managementevent": "true", "errorcode": "", "errormessage": "",
}  # fmt: skip
TRAIL_LAKE = ATHENA_CSV | {
    "requestparameters": "{userName=deploy-bot}",
    "responseelements": '{accessKey={"accessKeyId": "AKIANEW", "userName": "deploy-bot", "status": "Active"}}',
    "additionaleventdata": "{note=a}",
    "eventtime": "2026-03-02 09:14:00.000",
}
OTHER_NAMES: dict[str, Record] = {
    "as it is": RECORD,
    "Athena as JSON": ATHENA,
    "Athena's CSV": ATHENA_CSV,
    "small letters throughout": small(RECORD) | {"requestparameters": RECORD["requestParameters"], "responseelements": RECORD["responseElements"]},
    "underlines": {snake(key): value for key, value in RECORD.items()},
    "underlines within": {snake(key): value for key, value in RECORD.items()} | {"user_identity": json.dumps({snake(key): value for key, value in RECORD["userIdentity"].items()})},
    "capitals": {key.upper(): value for key, value in RECORD.items()},
    "dots": dict(flattened(RECORD)),
    "joined": dict(flattened({"userIdentity": RECORD["userIdentity"]}, dash="")) | without(RECORD, "userIdentity"),
    "joined with underlines": dict(flattened({"userIdentity": RECORD["userIdentity"]}, dash="_")) | without(RECORD, "userIdentity"),
    "logstash": {"@timestamp" if key == "eventTime" else key: value for key, value in RECORD.items()},
    "misspelt": RECORD | {"userIdentity": {"accesKeyId" if key == "accessKeyId" else key: value for key, value in RECORD["userIdentity"].items()}},
}  # fmt: skip


@pytest.mark.parametrize("shape", OTHER_NAMES)
def test_names_spelled_or_joined_anew(shape: str) -> None:
    assert shaped(OTHER_NAMES[shape]) == RECORD


def test_a_row_of_cloudtrail_lake_has_maps_of_text() -> None:
    found = shaped(TRAIL_LAKE)
    assert found["requestParameters"] == {"userName": "deploy-bot"}
    assert found["eventTime"] == "2026-03-02 09:14:00.000"
    assert columns(found) == columns(RECORD)


CONSOLE_CSV = """User name,AWS access key,Event time,Event source,Event name,AWS region,Source IP address,User agent,Error code,Resources,Request ID,Event ID,Read-only,Event type,Recipient Account Id,Event category
ada,AKIAEXAMPLE,2026-03-02T09:14:00Z,iam.amazonaws.com,CreateUser,us-east-1,192.0.2.7,aws-cli/2,AccessDenied,"[{""resourceType"":""AWS::IAM::User"",""resourceName"":""bob""}]",r-1,e-1,false,AwsApiCall,111122223333,Management
"""  # fmt: skip


def test_the_csv_of_the_event_history() -> None:
    row = next(csv.DictReader(io.StringIO(CONSOLE_CSV)))
    assert shaped(dict(row)) == {
        "userIdentity": {"userName": "ada", "accessKeyId": "AKIAEXAMPLE"}, "eventTime": "2026-03-02T09:14:00Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli/2", "errorCode": "AccessDenied", "resources": [{"resourceType": "AWS::IAM::User", "resourceName": "bob"}],
        "requestID": "r-1", "eventID": "e-1", "readOnly": False, "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "eventCategory": "Management",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("March 02, 2026, 10:14:00 (UTC+01:00)", "2026-03-02T09:14:00"),
        ("March 2, 2026, 04:14:00 AM (UTC-05:00)", "2026-03-02T09:14:00"),
        ("2026-03-02, 09:14:00 AM", None),
        ("Merch 02, 2026, 10:14:00 (UTC+01:00)", None),
    ],
)
def test_a_time_as_the_console_shows_it(shown: str, expected: str | None) -> None:
    found = columns(
        shaped({"Event name": "CreateUser", "Event source": "iam.amazonaws.com", "Event time": shown})
    )
    assert (found["occurred_at"] and found["occurred_at"].isoformat()) == expected


def test_a_flat_file_with_a_word_for_no_error() -> None:
    row = {
        "eventID": "e-1", "eventTime": "2026-03-02T09:14:00Z", "eventName": "RunInstances", "eventSource": "ec2.amazonaws.com", "userIdentitytype": "IAMUser", "userIdentityaccountId": "111122223333",
        "userIdentityarn": "arn:aws:iam::111122223333:user/ada", "userIdentityaccessKeyId": "AKIAEXAMPLE", "errorCode": "NoError", "errorMessage": "NoError", "requestParametersinstanceType": "m5.large",
    }  # fmt: skip
    found = shaped(row)
    assert found["requestParameters"] == {"instanceType": "m5.large"}
    assert (columns(found)["outcome"], columns(found)["principal_name"]) == ("success", "ada")


def test_an_insight_in_small_letters() -> None:
    assert shaped(small(INSIGHT)) == INSIGHT


@pytest.mark.parametrize(
    "record",
    [
        {}, {"eventSource": "x"}, {"eventName": "x"}, {"eventType": "user.session.start", "uuid": "u", "published": "2026-03-02T09:14:00Z"},
        {"category": "SignInLogs", "properties": {}}, {"Records": []}, {"detail": RECORD}, {"aws": {}}, {"aws": {"s3": {}}}, {"digestEndTime": "x", "logFiles": []},
    ],
)  # fmt: skip
def test_what_is_no_other_shape_of_cloudtrail(record: Record) -> None:
    assert reshape(record) is None


# --- Elastic ---------------------------------------------------------------------------------------------

DOCUMENT: Record = {
    "@timestamp": "2026-03-02T09:14:00.000Z",
    "event": {"id": "e-1", "action": "CreateAccessKey", "provider": "iam.amazonaws.com", "outcome": "success", "kind": "event", "category": ["iam"]},
    "cloud": {"region": "us-east-1", "account": {"id": "111122223333"}, "provider": "aws"}, "user": {"name": "Admin", "id": "AROAEXAMPLE:ada@example.com"},
    "source": {"address": "192.0.2.7", "ip": "192.0.2.7", "geo": {"country_iso_code": "NL"}}, "user_agent": {"original": "aws-cli/2", "name": "aws-cli"},
    "tls": {"cipher": "TLS_AES_128_GCM_SHA256", "client": {"server_name": "iam.amazonaws.com"}, "version": "1.3"}, "related": {"user": ["Admin"]}, "tags": ["forwarded"],
    "aws": {"cloudtrail": {
        "event_version": "1.11", "event_type": "AwsApiCall", "event_category": "Management", "recipient_account_id": "111122223333", "shared_event_id": "s-1", "vpc_endpoint_id": "vpce-1",
        "request_id": "r-1", "api_version": "2010-05-08", "read_only": False, "management_event": True, "request_parameters": "{userName=deploy-bot}", "additional_eventdata": "{note=a}",
        "response_elements": "{accessKey={accessKeyId=AKIANEW, userName=deploy-bot, status=Active}}",
        "flattened": {"request_parameters": RECORD["requestParameters"], "response_elements": RECORD["responseElements"]},
        "resources": [{"arn": "arn:aws:iam::111122223333:user/deploy-bot", "account_id": "111122223333", "type": "AWS::IAM::User"}],
        "user_identity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada@example.com", "access_key_id": "ASIAEXAMPLE",
            "session_context": {"mfa_authenticated": "true", "creation_date": "2026-03-02T09:00:00.000Z",
                                "session_issuer": {"type": "Role", "principal_id": "AROAEXAMPLE", "arn": "arn:aws:iam::111122223333:role/Admin", "account_id": "111122223333"}},
        },
    }},
}  # fmt: skip


def test_a_document_of_elastic() -> None:
    found = shaped(DOCUMENT)
    assert columns(found) == columns(RECORD)
    assert found["ecs"]["source"] == {"geo": {"country_iso_code": "NL"}}
    assert found["ecs"]["aws"]["cloudtrail"] == {
        "request_parameters": "{userName=deploy-bot}",
        "response_elements": "{accessKey={accessKeyId=AKIANEW, userName=deploy-bot, status=Active}}",
    }
    identity = RECORD["userIdentity"]
    attributes = identity["sessionContext"]["attributes"] | {"creationDate": "2026-03-02T09:00:00.000Z"}
    assert found["userIdentity"] == identity | {"sessionContext": {"sessionIssuer": identity["sessionContext"]["sessionIssuer"], "attributes": attributes}}  # fmt: skip


def test_a_document_with_dots_in_its_names() -> None:
    flat = dict(flattened(without(DOCUMENT, "aws"))) | {f"aws.cloudtrail.{key}": value for key, value in DOCUMENT["aws"]["cloudtrail"].items()}  # fmt: skip
    assert shaped(flat) == shaped(DOCUMENT)


def test_a_document_without_its_objects_has_them_as_java_prints_them() -> None:
    trail = without(DOCUMENT["aws"]["cloudtrail"], "flattened")
    assert columns(shaped(DOCUMENT | {"aws": {"cloudtrail": trail}})) == columns(RECORD)


def test_the_original_of_a_document_goes_before_it() -> None:
    event = DOCUMENT["event"] | {"original": json.dumps(RECORD)}
    assert peel(DOCUMENT | {"event": event}) == [RECORD]


def test_a_user_of_a_document_is_no_role() -> None:
    trail = DOCUMENT["aws"]["cloudtrail"] | {
        "user_identity": {"type": "IAMUser", "access_key_id": "AKIAEXAMPLE"}
    }
    found = shaped(DOCUMENT | {"aws": {"cloudtrail": trail}, "user": {"name": "ada", "id": "AIDAEXAMPLE"}})
    assert found["userIdentity"] == {"type": "IAMUser", "accessKeyId": "AKIAEXAMPLE", "accountId": "111122223333", "principalId": "AIDAEXAMPLE", "userName": "ada"}  # fmt: skip


# --- objects as Athena and Java print them ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a=1, b={c=null, d=[x, y]}}", {"a": "1", "b": {"c": None, "d": ["x", "y"]}}),
        ("[{a=1}, {a=2}]", [{"a": "1"}, {"a": "2"}]),
        ('{policy={"Version": "2012-10-17", "a": [1, {"b": 2}]}, name=x}', {"policy": '{"Version": "2012-10-17", "a": [1, {"b": 2}]}', "name": "x"}),
        ('{bucketPolicy={"Version": "1"}, items=[{"a": 1}]}', {"bucketPolicy": {"Version": "1"}, "items": [{"a": 1}]}),
        ("{name=a=b,c=d, other=e}", {"name": "a=b,c=d", "other": "e"}),  # a session may be called so
        ("{a=, b=c, d={}}", {"a": "", "b": "c", "d": {}}),
        ("{a=x, a=y}", None), ("{a=x", None), ("{a=x}}", None), ("{a=x{y, b=z}", None), ("a=b", None), ("", None), ("{}", None), ("{a}", None),
        ("{a=" * 1000, None), ("{" * 100_000, None),
    ],
)  # fmt: skip
def test_struct_text(text: str, expected: Any) -> None:
    assert from_struct_text(text) == expected


# --- whatever comes --------------------------------------------------------------------------------------

LEAF = st.none() | st.booleans() | st.integers(0, 10**6) | st.floats(0, 1, allow_nan=False) | st.text(max_size=6) | WORD  # fmt: skip
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(list(FIELDS)), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
NAMES = [
    *FIELDS, *(name.lower() for name in FIELDS), *SENTINEL, *LOOKED_UP, "userIdentity.type", "userIdentitytype", "useridentity.sessioncontext", "user_identity.session_context.attributes.creation_date",
    "requestParameters.a", "requestParametersa", "requestParameters.0.b", "resources.0.ARN", "@timestamp", "metadata", "class_uid", "unmapped", "actor", "identity", "api", "cloud", "user", "status",
    "is_mfa", "src_endpoint", "raw_data", "aws", "aws.cloudtrail.event_type", "event.action", "event", "User name", "AWS access key", "username", "insightDetails", "RawEvent", "x", "",
]  # fmt: skip
MARKS = st.sampled_from(
    [
        {}, {"CloudTrailEvent": "{}"}, {"CloudTrailEvent": json.dumps({"eventName": "a", "b": 1})}, {"UserIdentityType": "Root"}, {"Event source": "s", "Event name": "n"},
        {"eventsource": "s", "eventname": "n"}, {"class_uid": 6003, "metadata": {"product": {"name": "CloudTrail"}}}, {"aws": {"cloudtrail": {"event_type": "t"}}, "event.action": "a"},
    ]
)  # fmt: skip


def leaves(value: Any) -> Iterator[str]:
    """What a record says, as text: nothing is said by null, by empty text and by empty objects."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str) and value.lstrip()[:1] in ('"', "{", "["):
        try:
            yield from leaves(json.loads(value, strict=False))
        except ValueError:
            yield value
    elif value is not None and value != "":
        yield str(value).lower() if isinstance(value, bool) else str(value)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MARKS, st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), JSON, max_size=10))
def test_nothing_fails_and_nothing_is_lost(mark: Record, more: Record) -> None:
    record = more | mark
    before = copy.deepcopy(record)
    found = reshape(record)
    assert record == before  # the record itself stays as it is
    if found is None or "postreset_problem" in found:
        return
    assert reshape(copy.deepcopy(record)) == found
    assume("NoError" not in json.dumps(record))
    said = {text.lower() for text in leaves(record)}
    kept = {text.lower() for text in leaves(found)} | {text.strip() for text in leaves(found)}
    assert {text for text in said if text not in kept and not is_time(text)} == set()


def is_time(text: str) -> bool:
    """Milliseconds since 1970 become a time as text."""
    return text.isdigit() and len(text) == 13


@pytest.mark.parametrize("depth", [500, 5_000])
@pytest.mark.parametrize(
    "key",
    ["requestParameters", "CloudTrailEvent", "userIdentity", "RequestParameters", "unmapped", "aws", "x"],
)
def test_deep_records(key: str, depth: int) -> None:
    deep: Any = "x"
    for _ in range(depth):
        deep = {"a": deep}
    for mark in (
        {"eventSource": "s", "eventName": "n"},
        {"UserIdentityType": "Root"},
        {"class_uid": 1, "metadata": {"product": {"name": "CloudTrail"}}},
    ):
        reshape(mark | {key: deep})
    text = '{"a":' * depth + "1" + "}" * depth
    for mark in ({"eventSource": "s", "eventName": "n"}, {"UserIdentityType": "Root"}, {"EventName": "n"}):
        reshape(mark | {key: text})
