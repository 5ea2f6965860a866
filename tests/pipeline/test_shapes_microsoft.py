"""Records of diagnostic settings, and events of the activity log as the REST API and its SDKs give them."""

from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape

Record = dict[str, Any]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUBSCRIPTION = "bbbbbbbb-0000-4000-8000-000000000002"
USER = "cccccccc-0000-4000-8000-000000000003"
APP = "cccccccc-0000-4000-8000-000000000004"
SP = "cccccccc-0000-4000-8000-000000000005"
STORE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/store1"
WHEN = "2026-03-02T09:14:05.1234567Z"


def reshaped(record: Record) -> Record:
    found = reshape(record)
    assert found is not None
    return found


# --- canonical records ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        {
            "time": WHEN,
            "resourceId": f"/tenants/{TENANT}",
            "category": "SignInLogs",
            "properties": {"id": "s-1"},
        },
        {
            "time": WHEN,
            "resourceId": STORE,
            "category": "Administrative",
            "operationName": "Microsoft.Storage/x/write",
        },
        {
            "TimeGenerated": WHEN,
            "Type": "SigninLogs",
            "Category": "SignInLogs",
            "UserId": USER,
            "ResultType": "",
        },
    ],
)
def test_a_canonical_record_comes_back_as_the_same_object(record: Record) -> None:
    assert reshape(record) is record


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "eventTime": WHEN},
        {"uuid": "u", "eventType": "user.session.start", "published": WHEN},
        {"Operation": "UserLoggedIn", "RecordType": 15, "CreationTime": "2026-03-02T09:14:05", "Id": "i"},
        {"TimeGenerated": WHEN, "Type": "OfficeActivity", "OperationName": "FileAccessed"},
        {"TimeGenerated": WHEN, "Computer": "host", "Message": "hello"},
        {"id": USER, "createdDateTime": WHEN, "userPrincipalName": "ada@example.com", "displayName": "Ada"},
        {"Date": "2026-03-02", "Service": "x", "Total": "3"},
        {"category": "UserManagement", "result": "success"},
    ],
)
def test_what_is_no_log_of_microsofts_is_left_alone(record: Record) -> None:
    assert reshape(record) is None


def test_a_metric_is_named_as_one() -> None:
    metric = {
        "time": WHEN,
        "resourceId": STORE,
        "metricName": "Availability",
        "timeGrain": "PT1M",
        "average": 100,
    }
    assert reshaped(metric) == {"postreset_problem": "a metric of Azure Monitor, not a log record"}
    row = {"TimeGenerated": WHEN, "Type": "AzureMetrics", "MetricName": "Availability"}
    assert reshaped(row) == {"postreset_problem": "a metric of Azure Monitor, not a log record"}


# --- diagnostic settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["timestamp", "timeStamp", "EventTimeString"])
def test_a_time_under_another_name_is_the_time(name: str) -> None:
    record = {"category": "OperationalLogs", "resourceId": STORE, name: WHEN}
    assert reshaped(record) == {"time": WHEN, **record}


def test_a_record_without_a_time_is_given_none() -> None:
    record = {"category": "OperationalLogs", "resourceId": STORE, "operationName": "x"}
    assert reshape(record) is record


@pytest.mark.parametrize(
    ("operation_name", "category"),
    [
        ("GetBlob", "StorageRead"), ("getblob", "StorageRead"), ("ListContainers", "StorageRead"), ("QueryEntities", "StorageRead"),
        ("PutBlob", "StorageWrite"), ("SetBlobMetadata", "StorageWrite"), ("CopyBlob", "StorageWrite"),
        ("DeleteBlob", "StorageDelete"), ("ClearMessages", "StorageDelete"),
    ],
)  # fmt: skip
def test_a_storage_record_without_a_category_gets_that_of_its_operation(
    operation_name: str, category: str
) -> None:
    record = {"time": WHEN, "resourceId": f"{STORE}/blobServices/default", "operationName": operation_name}
    assert reshaped(record) == record | {"category": category}


# --- the activity log -------------------------------------------------------------------------------------------

REST_EVENT: Record = {
    "operationName": {"value": "Microsoft.Compute/disks/delete", "localizedValue": "Delete Disk"},
    "category": {"value": "Administrative", "localizedValue": "Administrative"},
    "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
    "subStatus": {"value": "OK", "localizedValue": "OK (HTTP Status Code: 200)"},
    "eventTimestamp": WHEN,
    "eventDataId": "e-1",
    "resourceId": STORE,
    "authorization": {"action": "Microsoft.Compute/disks/delete", "scope": STORE},
    "claims": {"xms_tcdt": "1", "appid": APP},
    "httpRequest": {"clientIpAddress": "192.0.2.7", "method": "DELETE"},
    "properties": {"statusCode": "OK"},
}
EXPORTED_EVENT: Record = {
    "operationName": "Microsoft.Compute/disks/delete",
    "category": "Administrative",
    "resultType": "Succeeded",
    "resultSignature": "OK",
    "localized": {"operationName": "Delete Disk", "resultSignature": "OK (HTTP Status Code: 200)"},
    "time": WHEN,
    "eventDataId": "e-1",
    "resourceId": STORE,
    "identity": {
        "authorization": {"action": "Microsoft.Compute/disks/delete", "scope": STORE},
        "claims": {"xms_tcdt": "1", "appid": APP},
    },
    "httpRequest": {"clientIpAddress": "192.0.2.7", "method": "DELETE"},
    "callerIpAddress": "192.0.2.7",
    "properties": {"statusCode": "OK"},
}


def test_an_event_of_the_rest_api_becomes_an_exported_one() -> None:
    assert reshaped(REST_EVENT) == EXPORTED_EVENT


def test_an_event_of_the_python_sdk_becomes_the_same() -> None:
    names = {"localizedValue": "localized_value", "clientIpAddress": "client_ip_address"}
    snake = {
        "operation_name": "operationName", "sub_status": "subStatus", "event_timestamp": "eventTimestamp",
        "event_data_id": "eventDataId", "resource_id": "resourceId", "http_request": "httpRequest",
    }  # fmt: skip
    event = {
        name: {names.get(key, key): inner for key, inner in REST_EVENT[rest].items()}
        if isinstance(REST_EVENT[rest], dict) and rest not in ("claims", "properties")
        else REST_EVENT[rest]
        for rest in REST_EVENT
        for name in [next((ours for ours, theirs in snake.items() if theirs == rest), rest)]
    }
    assert "operation_name" in event
    assert reshaped(event) == EXPORTED_EVENT


def test_an_event_of_powershell_becomes_the_same() -> None:
    event = {
        "OperationName": {"Value": "Microsoft.Compute/disks/delete", "LocalizedValue": "Delete Disk"},
        "Category": {"Value": "Administrative", "LocalizedValue": "Administrative"},
        "Status": {"Value": "Succeeded", "LocalizedValue": "Succeeded"},
        "SubStatus": {"Value": "OK", "LocalizedValue": "OK (HTTP Status Code: 200)"},
        "EventTimestamp": WHEN,
        "EventDataId": "e-1",
        "ResourceId": STORE,
        "Authorization": {"Action": "Microsoft.Compute/disks/delete", "Scope": STORE},
        "Claims": {"Content": {"xms_tcdt": "1", "appid": APP}},
        "HttpRequest": {"ClientIpAddress": "192.0.2.7", "Method": "DELETE"},
        "Properties": {"Content": {"statusCode": "OK"}},
    }
    assert reshaped(event) == EXPORTED_EVENT


def test_an_event_without_a_time_has_that_of_its_id_or_none() -> None:
    event = {key: value for key, value in REST_EVENT.items() if key != "eventTimestamp"}
    assert "time" not in reshaped(event)
    assert (
        reshaped(event | {"id": f"{STORE}/events/e-1/ticks/639080252451234567"})["time"]
        == "639080252451234567"
    )


def test_an_event_without_category_or_resource_has_those_of_its_operation() -> None:
    event = {
        "operationName": {"value": "Microsoft.Storage/storageAccounts/listKeys/action"},
        "authorization": {"scope": STORE},
    }
    found = reshaped(event)
    assert (found["category"], found["resourceId"]) == ("Action", STORE)


def test_nothing_hides_the_result_that_an_event_has_already() -> None:
    event = {
        "operationName": {"value": "a/b/write"},
        "resultType": "Success",
        "status": {"value": "Succeeded"},
        "identity": "Ada",
        "claims": {},
    }
    found = reshaped(event)
    assert (found["resultType"], found["status"]) == ("Success", {"value": "Succeeded"})
    assert found["identity"] == {"claims": {}, "name": "Ada"}
