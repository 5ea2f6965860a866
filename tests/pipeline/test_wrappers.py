"""Records in the wrappers of the services that carry logs: opened to the last one, each held to its plain form."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

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
    ],
    ids=str,
)
def test_what_is_broken_inside_is_set_aside_and_counted(tmp_path: Path, broken: dict[str, Any]) -> None:
    (tmp_path / "log.json").write_text(json.dumps(broken))
    total = ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW).total
    assert total.records == total.events + total.duplicates + total.quarantined
    assert total.quarantined >= 1


IDENTITIES: dict[str, dict[str, Any]] = {
    "JSON in text": {"userIdentity": json.dumps(RECORDS[0]["userIdentity"])},
    "a struct in text": {
        "userIdentity": "{type=IAMUser, arn=arn:aws:iam::111122223333:user/ada, username=ada}"
    },
    "names with dots": {"userIdentity.type": "IAMUser", "userIdentity.userName": "ada"},
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_in_another_form_is_not_lost(tmp_path: Path, name: str) -> None:
    records = [
        {key: value for key, value in one.items() if key != "userIdentity"} | IDENTITIES[name]
        for one in RECORDS
    ]
    (tmp_path / "log.jsonl").write_text("\n".join([*map(json.dumps, records), json.dumps(record(3))]))
    summary = ingest(tmp_path / "lake", [tmp_path / "log.jsonl"], NOW)
    assert (summary.total.events, summary.total.quarantined) == (3, 0)
    _, rows = run_query(
        Lake.open(tmp_path / "lake"), "select distinct principal_name, principal_kind from events"
    )
    assert rows == [("ada", "user")]


def test_an_identity_that_is_no_identity_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(RECORDS[0] | {"userIdentity": "who knows"}))
    summary = ingest(tmp_path / "lake", [tmp_path / "log.jsonl"], NOW)
    assert (summary.total.events, summary.total.quarantined) == (1, 0)
