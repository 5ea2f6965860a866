"""Fields are found in both shapes in which Entra and Azure logs are exported, and what cannot be said is refused."""

import json
import re
from typing import Any

import duckdb
import pytest

from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import LogSource, column_text, convert, log_source_of

AUDIT_EXPORT = {
    "category": "AuditLogs",
    "properties": {
        "category": "UserManagement", "activityDisplayName": "Reset user password", "result": "success", "loggedByService": "Core Directory",
        "initiatedBy": {"user": {"id": "u1", "userPrincipalName": "hana@example.com"}},
        "targetResources": [{"id": "u2", "type": "User", "modifiedProperties": [{"displayName": "Role", "newValue": '"Admin"'}]}],
    },
}  # fmt: skip
AUDIT_LOG_ANALYTICS = {
    "Category": "UserManagement", "OperationName": "Reset user password", "ActivityDisplayName": "Reset user password", "Result": "success",
    "LoggedByService": "Core Directory", "InitiatedBy": json.dumps(AUDIT_EXPORT["properties"]["initiatedBy"]),
    "TargetResources": json.dumps(AUDIT_EXPORT["properties"]["targetResources"]),
}  # fmt: skip
AUDIT_PARSED_LOG_ANALYTICS = AUDIT_LOG_ANALYTICS | {
    "InitiatedBy": AUDIT_EXPORT["properties"]["initiatedBy"], "TargetResources": AUDIT_EXPORT["properties"]["targetResources"],
}  # fmt: skip
SIGN_IN_EXPORT = {
    "resultType": "50126", "location": "NL",
    "properties": {"status": {"errorCode": 50126}, "deviceDetail": {"trustType": ""}, "location": {"city": "Delft"}, "appliedConditionalAccessPolicies": [{"result": "failure"}]},
}  # fmt: skip
SIGN_IN_LOG_ANALYTICS = {
    "ResultType": "50126", "Location": "NL", "Status": '{"errorCode":50126}', "DeviceDetail": {"trustType": ""}, "LocationDetails": '{"city":"Delft"}',
    "ConditionalAccessPolicies": '[{"result":"failure"}]',
}  # fmt: skip
ACTIVITY_EXPORT = {
    "operationName": "MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE",
    "resultType": "Success",
    "properties": {"requestbody": '{"properties":{"a":1}}'},
}
ACTIVITY_LOG_ANALYTICS = {
    "OperationNameValue": "Microsoft.Storage/storageAccounts/write", "ActivityStatusValue": "Success", "Properties": '{"requestbody":"{\\"properties\\":{\\"a\\":1}}"}',
}  # fmt: skip


def is_match(service: str, selection: dict[str, Any], record: dict[str, Any], product: str = "azure") -> bool:
    detection = {"selection": selection, "condition": "selection"}
    rule = json.dumps(
        {"title": "t", "logsource": {"product": product, "service": service}, "detection": detection}
    )
    columns = {
        column.name: column_text(column, record)
        for column in log_source_of(product, service).columns.values()
    }
    values = {
        "action": None,
        "service": None,
        "region": None,
        "user_agent": None,
        "raw": json.dumps(record),
    } | columns
    with duckdb.connect() as con:
        con.execute(
            "create table events (action varchar, service varchar, region varchar, user_agent varchar, raw varchar)"
        )
        con.execute("insert into events values ($action, $service, $region, $user_agent, $raw)", values)
        return con.execute(f"select count(*) from events where {convert(rule).predicate}").fetchone() == (1,)


@pytest.mark.parametrize(
    "record",
    [AUDIT_EXPORT, AUDIT_LOG_ANALYTICS, AUDIT_PARSED_LOG_ANALYTICS],
    ids=["export", "log_analytics", "parsed"],
)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("OperationName", "reset user password"),
        ("operationName", "Reset user password"),
        ("properties.message", "Reset user password"),
        ("ActivityDisplayName|contains", "USER"),
        ("ActivityDisplayName|cased", "Reset user password"),
        ("OperationName|re", "^Reset .* password$"),
        ("Category", "UserManagement"),
        ("LoggedByService", "Core Directory"),
        ("Result", "success"),
        ("properties.result", "success"),
        ("InitiatedBy.user.userPrincipalName", "HANA@example.com"),
        ("initiatedBy.user.id", "u1"),
        ("properties.initiatedBy.user.id", "u1"),
        ("TargetResources.id", "u2"),
        ("targetResources.type", "User"),
        ("TargetResources.ModifiedProperties.NewValue|contains", "admin"),
        ("TargetResources|contains", "modifiedProperties"),
    ],
)
def test_audit_fields_in_every_shape(field: str, value: str, record: dict[str, Any]) -> None:
    assert is_match("auditlogs", {field: value}, record)
    assert not is_match("auditlogs", {field: "something else"}, record)


@pytest.mark.parametrize("record", [SIGN_IN_EXPORT, SIGN_IN_LOG_ANALYTICS], ids=["export", "log_analytics"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ResultType", 50126),
        ("Status.errorCode", "50126"),
        ("Location", "NL"),
        ("LocationDetails.city", "delft"),
        ("DeviceDetail.trusttype", ""),
        ("DeviceDetail.trustType", ""),
        ("DeviceDetail.browser", None),
        ("Status", "failure"),
        ("Status|contains", '"errorCode":50126'),
        ("ConditionalAccessPolicies.result", "failure"),
    ],
)
def test_sign_in_fields_in_every_shape(field: str, value: Any, record: dict[str, Any]) -> None:
    assert is_match("signinlogs", {field: value}, record)


@pytest.mark.parametrize("record", [ACTIVITY_EXPORT, ACTIVITY_LOG_ANALYTICS], ids=["export", "log_analytics"])
def test_activity_fields_in_every_shape(record: dict[str, Any]) -> None:
    assert is_match("activitylogs", {"operationName": "Microsoft.Storage/storageAccounts/write"}, record)
    assert is_match(
        "activitylogs", {"OperationNameValue|endswith": "/WRITE", "ActivityStatusValue": "success"}, record
    )
    assert is_match("activitylogs", {"Properties.requestbody.properties.a": 1}, record)
    assert is_match("activitylogs", {"properties.requestbody|contains": '"a":1'}, record)


@pytest.mark.parametrize(
    "written",
    [
        "Update application – Certificates and secrets management ",
        "Update application - Certificates and secrets management.",
    ],
)
def test_dashes_and_dots_of_operations_are_alike(written: str) -> None:
    record = {"properties": {"activityDisplayName": written}}
    for value in (
        "Update application – Certificates and secrets management ",
        "update application - certificates and secrets management",
    ):
        assert is_match("auditlogs", {"OperationName": value}, record)
    assert is_match("auditlogs", {"OperationName|startswith": "Update application –"}, record)


def test_a_column_says_the_same_as_the_record() -> None:
    record = {"eventName": "GetObject", "eventSource": "s3.amazonaws.com", "userAgent": "aws-cli/2"}
    assert is_match(
        "cloudtrail",
        {"eventName": "getobject", "eventSource|startswith": "S3", "userAgent|contains": "CLI"},
        record,
        "aws",
    )
    assert is_match(
        "cloudtrail", {"eventName|exists": True, "awsRegion|exists": False, "awsRegion": None}, record, "aws"
    )
    assert not is_match("cloudtrail", {"eventName|cased": "getobject"}, record, "aws")


@pytest.mark.parametrize(
    ("condition", "bound"),
    [
        ("a", "(lower(action) = lower('X'))"),
        ("a or b", "true"),
        ("b", "true"),
        ("a and b", "((lower(action) = lower('X')))"),
        ("b and not a", "(((lower(action) = lower('X')) is not true))"),
        ("a and not b", "((lower(action) = lower('X')))"),
        ("not b", "true"),
        ("not (a or b)", "(((lower(action) = lower('X'))) is not true)"),
        ("not (a and b)", "true"),
        ("a and c", "((lower(action) = lower('X') and starts_with(lower(action), lower('Y'))))"),
        ("a or c", "((lower(action) = lower('X') or starts_with(lower(action), lower('Y'))))"),
    ],
)
def test_bound_on_action(condition: str, bound: str) -> None:
    detection = {
        "a": {"eventName": "X"},
        "b": {"errorCode": "Y"},
        "c": {"eventName|startswith": "Y"},
        "condition": condition,
    }
    rule = {"title": "t", "logsource": {"product": "aws", "service": "cloudtrail"}, "detection": detection}
    assert convert(json.dumps(rule)).action_bound == bound


@pytest.mark.parametrize(
    ("detection", "words"),
    [
        ({"s": {"f|re": "a(?!b)"}, "condition": "s"}, "not RE2|Regular expression"),
        ({"s": {"f|re": "(a)\\1"}, "condition": "s"}, "not RE2|Regular expression"),
        ({"s": {"f|expand": "%names%"}, "condition": "s"}, "placeholder"),
        ({"s": {"f": "a\ud800"}, "condition": "s"}, "not YAML"),
        ({"s": {"f|gt": 2**53 + 1}, "condition": "s"}, "rounded"),
        ({"s": {"f": "a"}, "timeframe": "5m", "condition": "s"}, "timeframe"),
        ({"s": {"f": "a"}, "condition": "s and 1 of filter_*"}, "names nothing|doesn't match any"),
        ({"s": {"f": "a"}, "condition": "s | count() > 5"}, "pipe"),
        ({"s": {"f|fuzzy": "a"}, "condition": "s"}, "modifier"),
        ({"s": {"f": "a"}}, "condition"),
    ],
)
def test_what_cannot_be_said_is_refused(detection: dict[str, Any], words: str) -> None:
    with pytest.raises(DetectionError, match=words) as refused:
        convert(
            json.dumps({"title": "t", "logsource": {"product": "x"}, "detection": detection}),
            "rules/r.yml:7",
            LogSource(),
        )
    assert re.match(r"rules/r\.yml:1:\d+: ", str(refused.value))


def test_an_unknown_log_source_is_refused() -> None:
    rule = {
        "title": "t",
        "logsource": {"product": "windows", "category": "process_creation"},
        "detection": {"s": {"f": "a"}, "condition": "s"},
    }
    with pytest.raises(DetectionError, match="windows/process_creation"):
        convert(json.dumps(rule))


def test_a_rule_literal_stays_a_literal() -> None:
    value = "'; drop table events; --"
    assert is_match("cloudtrail", {"f": value}, {"f": value}, "aws")
    assert is_match("cloudtrail", {f"a.{value}": "x"}, {"a": {value: "x"}}, "aws")
