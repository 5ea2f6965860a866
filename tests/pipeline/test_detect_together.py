"""One scan for all rules gives the signals of one query a rule, over ingested lakes: the sample, and real logs where they are."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipeline.detect import evaluate_rules, evaluate_rules_one_by_one
from pipeline.detection import Detection
from pipeline.detections import load_detections
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.settings import resource_root
from tests.bench.rule_data import write_administration, write_rules

SIGNALS = "select detection, source, tenant_id, event_id, occurred_at, why from signals order by all"
# every way in which a rule may bound its candidates, or not
ODD_RULES = {
    "keyword": "{words: [AssumeRole, kms], condition: words}",
    "keyword_regex": "{words: {'|re': 'i-[0-9a-f]{8}'}, condition: words}",
    "root": "{sel: {userIdentity.type: root}, condition: sel}",
    "kinds": "{sel: {userIdentity.type: [IAMUser, AssumedRole]}, condition: sel}",
    "no_user": "{sel: {userIdentity.type: AssumedRole}, condition: not sel}",
    "denied": "{sel: {errorCode: [AccessDenied, Client.UnauthorizedOperation]}, condition: sel}",
    "not_denied": "{sel: {errorCode: AccessDenied}, condition: not sel}",
    "agent": "{sel: {userAgent|contains: [aws-cli, boto]}, condition: sel}",
    "agent_or_text": "{sel: {userAgent|contains: aws-cli}, text: {requestParameters|contains: policy}, condition: sel or text}",
    "text": "{sel: {requestParameters|contains: [Administrator, policy]}, condition: sel}",
    "arn": "{sel: {userIdentity.arn|contains: 'assumed-role/'}, condition: sel}",
    "number": "{sel: {responseElements.maxItems|gte: 1}, condition: sel}",
    "everything": "{sel: {eventName|exists: true}, condition: sel}",
    "nothing": "{sel: {eventName: null}, condition: sel}",
    "cased": "{sel: {eventName|cased: ConsoleLogin}, condition: sel}",
    "star": "{sel: {eventName: '*'}, condition: sel}",
    "address": "{sel: {sourceIPAddress|cidr: [10.0.0.0/8, 192.0.2.0/24, 203.0.113.0/24]}, condition: sel}",
    "not_action": "{sel: {eventName|startswith: [Get, List, Describe]}, condition: not sel}",
}
OTHER_RULES = {
    ("azure", "signinlogs"): ("{sel: {ResultType: [0, 50126]}, condition: sel}", "{sel: {Status: Success}, condition: sel}", "{sel: {userAgent|contains: Mozilla}, condition: sel}", "{sel: {properties.message: Device Code}, condition: sel}"),
    ("azure", "auditlogs"): ("{sel: {properties.message|contains: [user, role.]}, condition: sel}", "{sel: {OperationName: Add member to role}, condition: sel}", "{sel: {Status: success}, condition: sel}"),
    ("azure", "activitylogs"): ("{sel: {operationName|endswith: /WRITE}, condition: sel}", "{sel: {ResourceProviderValue: Microsoft.Storage}, condition: sel}", "{sel: {CategoryValue: Administrative}, condition: sel}"),
    ("azure", "storage"): ("{sel: {OperationName: GetBlob}, condition: sel}",),
    ("azure", "keyvault"): ("{sel: {operationName|startswith: Secret}, condition: sel}",),
    ("m365", "audit"): ("{sel: {Operation|contains: 'user.'}, condition: sel}", "{sel: {status: success}, condition: sel}", "{sel: {RequestType|contains: 'OAuth2'}, condition: sel}"),
    ("m365", "threat_management"): ("{sel: {eventSource: SecurityComplianceCenter, eventName|contains: privilege}, condition: sel}",),
    ("okta", "okta"): ("{sel: {eventType|startswith: user.}, condition: sel}", "{sel: {outcome.result: FAILURE}, condition: sel}", "{sel: {securityContext.isProxy: true}, condition: sel}"),
}  # fmt: skip
CORRELATION = """
title: Many calls of one caller
correlation: {type: event_count, rules: [aws_agent], group-by: [userIdentity.arn], timespan: 1h, condition: {gte: 3}}
"""


@pytest.fixture(scope="module")
def detections(tmp_path_factory: pytest.TempPathFactory) -> list[Detection]:
    folder = write_rules(tmp_path_factory.mktemp("rules"), 60)
    rules = {(f"aws_{name}", "aws", "cloudtrail"): text for name, text in ODD_RULES.items()}
    for (product, service), texts in OTHER_RULES.items():
        rules |= {(f"{service}_{number}", product, service): text for number, text in enumerate(texts)}
    for (name, product, service), text in rules.items():
        log_source = f"{{product: {product}, service: {service}}}"
        (folder / f"{name}.yml").write_text(
            f"title: {name}\nname: {name}\nlogsource: {log_source}\ndetection: {text}\n"
        )
    (folder / "many_calls.yml").write_text(CORRELATION)
    return load_detections([resource_root() / "detections", folder])


def both(lake: Lake, detections: list[Detection]) -> tuple[list[tuple], list[tuple]]:
    with duckdb.connect() as con:
        lake.create_events_view(con)
        evaluate_rules(con, detections)
        together = con.execute(SIGNALS).fetchall()
        evaluate_rules_one_by_one(con, detections)
        return together, con.execute(SIGNALS).fetchall()


@pytest.fixture(scope="module")
def real_lake(real_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("real-lake")
    ingest(folder, [real_logs], datetime(2026, 3, 10))
    yield Lake.open(folder)


def test_together_and_one_by_one_agree_on_the_sample(sample_lake: Lake, detections: list[Detection]) -> None:
    together, one_by_one = both(sample_lake, detections)
    assert together == one_by_one
    assert {"aws_denied", "aws_address", "auditlogs_0", "signinlogs_0", "many_calls"} <= {
        row[0] for row in together
    }


def test_together_and_one_by_one_agree_on_real_logs(real_lake: Lake, detections: list[Detection]) -> None:
    together, one_by_one = both(real_lake, detections)
    assert together == one_by_one
    matched = {row[0] for row in together}
    silent = {f"aws_{name}" for name in ODD_RULES} - matched
    assert silent <= {"aws_number", "aws_nothing", "aws_agent"}, (
        silent
    )  # the agent is counted, and no signal of its own
    assert {
        "audit_0",
        "audit_1",
        "okta_0",
        "threat_management_0",
        "auditlogs_0",
        "activitylogs_1",
        "storage_0",
    } <= matched


def test_together_and_one_by_one_agree_on_administration(tmp_path: Path, detections: list[Detection]) -> None:
    write_administration(tmp_path / "logs", 3_000, seed=5)
    ingest(tmp_path / "lake", [tmp_path / "logs"], datetime(2026, 3, 10))
    together, one_by_one = both(Lake.open(tmp_path / "lake"), detections)
    assert together == one_by_one
    assert sum(row[0].startswith("bench_rule") for row in together) > 1_000
