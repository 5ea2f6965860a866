"""Records in the wrappers of the services that carry logs: opened to the last one, each held to its plain form."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.envelopes.peeling import peel
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.query import run_query

NOW = datetime(2026, 3, 10)


def record(number: int) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventTime": f"2026-03-01T10:0{number}:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateAccessKey",
        "awsRegion": "us-east-1",
        "eventID": f"aaaaaaaa-0000-4000-8000-00000000000{number}",
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada", "userName": "ada"},
    }


RECORDS = [record(1), record(2)]
TEXTS = [json.dumps(one) for one in RECORDS]
WRAPPED: dict[str, Any] = {
    "CloudWatch subscription": {
        "messageType": "DATA_MESSAGE",
        "logGroup": "trail",
        "logEvents": [
            {"id": "1", "timestamp": 1772359200000, "message": TEXTS[0]},
            {"id": "2", "timestamp": 1772359260000, "message": TEXTS[1]},
        ],
    },
    "Logs Insights": {
        "status": "Complete",
        "results": [
            [
                {"field": "@timestamp", "value": "2026-03-01 10:01:00.000"},
                {"field": "@message", "value": text},
                {"field": "@ptr", "value": "p"},
            ]
            for text in TEXTS
        ],
    },
    "SNS notification": [
        {
            "Type": "Notification",
            "MessageId": "m",
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
            "Message": text,
        }
        for text in TEXTS
    ],
    "SQS messages": {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": text} for text in TEXTS]},
    "SQS of SNS": {
        "Messages": [
            {"MessageId": "m", "Body": json.dumps({"Type": "Notification", "Message": text})}
            for text in TEXTS
        ]
    },
    "Datadog": [
        {"id": "d", "type": "log", "attributes": {"service": "cloudtrail", "attributes": one}}
        for one in RECORDS
    ],
    "CloudTrail Lake": {
        "QueryStatus": "FINISHED",
        "QueryResultRows": [[{"eventJson": text}] for text in TEXTS],
    },
    "CloudTrail Lake, by columns": {
        "QueryResultRows": [
            [
                {
                    name: "{type=IAMUser, arn=arn:aws:iam::111122223333:user/ada, username=ada}"
                    if name == "userIdentity"
                    else value
                }
                for name, value in one.items()
            ]
            for one in RECORDS
        ],
    },
    "Athena": {
        "ResultSet": {
            "Rows": [
                {"Data": [{"VarCharValue": "message"}]},
                *({"Data": [{"VarCharValue": text}]} for text in TEXTS),
            ]
        }
    },
    "Athena, a later page": {
        "ResultSet": {
            "Rows": [{"Data": [{"VarCharValue": text}, {}]} for text in TEXTS],
            "ResultSetMetadata": {
                "ColumnInfo": [{"Name": "message", "Type": "varchar"}, {"Name": "none", "Type": "varchar"}]
            },
        }
    },
    "Athena, columns of a trail's table": {
        "ResultSet": {
            "Rows": [
                {"Data": [{"VarCharValue": name.lower()} for name in RECORDS[0]]},
                *(
                    {
                        "Data": [
                            {
                                "VarCharValue": "{type=IAMUser, arn=arn:aws:iam::111122223333:user/ada, username=ada}"
                            }
                            if name == "userIdentity"
                            else {"VarCharValue": value}
                            for name, value in one.items()
                        ]
                    }
                    for one in RECORDS
                ),
            ]
        }
    },
    "an empty subscription": {"messageType": "CONTROL_MESSAGE", "logEvents": []},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_each_wrapper_is_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "log.json").write_text(json.dumps(WRAPPED[name]))
    summary = ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW)
    expected = 0 if name.startswith("an empty") else 2
    assert (summary.total.events, summary.total.quarantined) == (expected, 0)
    if expected:
        _, rows = run_query(
            Lake.open(tmp_path / "lake"), "select action, principal_name from events order by occurred_at"
        )
        assert rows == [("CreateAccessKey", "ada")] * 2


@pytest.mark.parametrize(
    "broken",
    [
        {"logEvents": [{"message": "no JSON"}, {"message": TEXTS[0]}]},
        {"ResultSet": {"Rows": [{"Data": None}, {"Data": [{"VarCharValue": 1}]}]}},
        {"ResultSet": {"Rows": "none"}},
        {"results": [[1, 2], ["x"]]},
        {"QueryResultRows": [[], [{"a": {}}]]},
        {"Messages": [{"Body": 5}]},
        {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": "a"}]}, {"Data": [{}, {}]}]}},
        {"ResultSet": {"Rows": [{"Data": [1]}], "ResultSetMetadata": {"ColumnInfo": [5]}}},
        {"QueryResultRows": [[{"a": 1}, {"a": 2}]]},
    ],
    ids=str,
)
def test_what_is_broken_inside_is_set_aside_and_counted(tmp_path: Path, broken: dict[str, Any]) -> None:
    (tmp_path / "log.json").write_text(json.dumps(broken))
    total = ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW).total
    assert total.records == total.events + total.duplicates + total.quarantined
    assert total.quarantined >= 1


def test_two_values_of_one_name_both_stay() -> None:
    assert peel({"QueryResultRows": [[{"a": 1}, {"a": 2}]]}) == [{"a": 1, "a_": 2}]
    assert peel({"results": [[1, 2]]}) == [{"results": [[1, 2]]}]


ADA = RECORDS[0]["userIdentity"]
IDENTITIES: dict[str, dict[str, Any]] = {
    "JSON in text": {"userIdentity": json.dumps(ADA)},
    "a struct in text": {
        "userIdentity": "{type=IAMUser, arn=arn:aws:iam::111122223333:user/ada, username=ada}"
    },
    "Python in text": {"userIdentity": repr(ADA)},
    "names with dots": {"userIdentity.type": "IAMUser", "userIdentity.userName": "ada"},
}
FRAMES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "lines": lambda records: "\n".join(map(json.dumps, records)),
    "printed": lambda records: "\n".join(json.dumps(record, indent=2) for record in records),
    "list": json.dumps,
    "Records": lambda records: json.dumps({"Records": records}),
    "Records, one line": lambda records: json.dumps({"Records": records}, separators=(",", ":")),
    "_raw": lambda records: "\n".join(json.dumps({"_raw": json.dumps(record)}) for record in records),
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_in_another_form_is_not_lost(tmp_path: Path, name: str, frame: str) -> None:
    records = [
        {key: value for key, value in one.items() if key != "userIdentity"} | IDENTITIES[name]
        for one in RECORDS
    ]
    (tmp_path / "log.json").write_text(FRAMES[frame]([*records, record(3)]))
    summary = ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW)
    assert (summary.total.records, summary.total.events, summary.total.quarantined) == (3, 3, 0)
    _, rows = run_query(
        Lake.open(tmp_path / "lake"),
        "select source_row, principal_name, principal_kind from events order by all",
    )
    assert rows == [(number, "ada", "user") for number in (1, 2, 3)]


@pytest.mark.parametrize("frame", FRAMES)
def test_parameters_that_are_json_in_text_are_opened(tmp_path: Path, frame: str) -> None:
    texts = {
        "requestParameters": json.dumps({"userName": "bo"}),
        "responseElements": json.dumps({"accessKey": {"accessKeyId": "AKIAEXAMPLE", "userName": "bo"}}),
    }
    (tmp_path / "log.json").write_text(FRAMES[frame]([RECORDS[0] | texts, RECORDS[1]]))
    summary = ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW)
    assert (summary.total.events, summary.total.quarantined) == (2, 0)
    _, rows = run_query(
        Lake.open(tmp_path / "lake"),
        """select principal_name, target_id, issued_credential_id, raw ->> '$.requestParameters.userName'
        from events order by occurred_at""",
    )
    assert rows == [("ada", "bo", "AKIAEXAMPLE", "bo"), ("ada", None, None, None)]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("identity", ["who knows", "{", "{a=1, b", "", 5, [], ["{"]], ids=str)
def test_an_identity_that_is_no_identity_costs_nothing_else(
    tmp_path: Path, frame: str, identity: object
) -> None:
    (tmp_path / "log.json").write_text(FRAMES[frame]([RECORDS[0] | {"userIdentity": identity}, RECORDS[1]]))
    summary = ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW)
    assert (summary.total.records, summary.total.events, summary.total.quarantined) == (2, 2, 0)
