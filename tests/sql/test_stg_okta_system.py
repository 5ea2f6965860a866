"""The Okta System Log in every shape as columns of `events`; the expected values were written after reading the record."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.shapes.okta import reshape
from tests.sql.stage import stage

ELASTIC, SEKOIA, PANTHER = (
    "okta/elastic/test-okta-system-events.log",
    "okta/sekoia/okta-system-logs.jsonl",
    "okta/panther/okta_rules.jsonl",
)
DUBLIN = {
    "source_ip": "175.16.199.1",
    "country": "United States",
    "provider": "okta",
    "principal_kind": "user",
    "principal_id": "00u1abvz4pYqdM8ms4x6",
}
REAL: list[tuple[str, int, dict[str, Any]]] = [
    (ELASTIC, 0, DUBLIN | {
        "event_id": "faf7398a-4f77-11ea-97fb-5925e98228bd", "occurred_at": datetime(2020, 2, 14, 22, 18, 51, 843000), "action": "user.session.end", "outcome": "success",
        "principal_name": "username@elastic.co", "session_id": "102nZHzd6OHSfGG51vsoc22gw", "target_id": None, "asn": None, "error_code": None,
    }),
    (ELASTIC, 3, DUBLIN | {"event_id": "faf7398a-4f77-11ea-97fb-5925e98228bd", "principal_name": "someusername@elastic.co", "action": "user.session.end"}),
    (ELASTIC, 8, DUBLIN | {
        "event_id": "3af594f9-4f67-11ea-abd3-1f5d113f2546", "action": "policy.evaluate_sign_on", "outcome": "success", "principal_name": "xxxxxx@elastic.co",
        "target_id": "00p1abvweGGDW10Ur4x6", "target_name": "Default Policy", "target_kind": "policy_entity", "session_id": "102bZDNFfWaQSyEZQuDgWt-uQ",
    }),
    (SEKOIA, 0, {
        "event_id": "33333333-3333-3333-3333-333333333333", "occurred_at": datetime(2025, 10, 10, 4, 31, 28, 72000), "action": "user.account.lock", "outcome": "failure",
        "error_code": "LOCKED_OUT", "session_id": "SESSION_ID", "asn": 123456, "target_name": "john.doe@example.com", "target_kind": "user", "source_ip": "1.2.3.4",
    }),
    (SEKOIA, 2, {
        "event_id": "cb9a43c9-a765-49ba-b2d5-7b9a263d4061", "action": "user.authentication.auth_via_mfa", "outcome": "success", "session_id": "kjrgFtXuZnABQV9Vq1A2c",
        "is_mfa": None,  # the factor was the password
        "asn": 3741, "country": "France", "target_name": "john.doe@example.org",
    }),
    (SEKOIA, 5, {
        "event_id": "ea4adf13-1469-4059-9d2c-7cfdb464b123", "action": "user.authentication.sso", "session_id": None, "app_id": "kdYO9RZnIHNhV6vii333b", "user_agent": "axios/0.19.2",
        "target_kind": "user", "target_name": "john.doe@example.org\\",
    }),
    (PANTHER, 20, {
        "event_id": "AbC-123-XyZ", "occurred_at": datetime(2022, 6, 22, 18, 18, 29, 15000), "action": "user.session.start", "outcome": "failure",
        "error_code": "INVALID_CREDENTIALS", "principal_name": "homer.simpson@duff.com", "session_id": "100-abc-9999", "asn": 701, "target_name": "peter.griffin@company.com",
        "issued_session_id": None,
    }),
    (PANTHER, 0, {
        "occurred_at": datetime(2022, 3, 22, 14, 21, 53, 225000), "action": "user.session.impersonation.grant", "outcome": "unknown", "principal_name": "homer@springfield.gov",
        "source_ip": "1.1.1.1", "target_id": None,
    }),
    (PANTHER, 1, {"action": "user.session.start", "outcome": "unknown", "principal_id": "111111", "principal_kind": "user"}),
]  # fmt: skip


@pytest.mark.parametrize(("file", "number", "expected"), REAL)
def test_real_records(real_logs: Path, file: str, number: int, expected: dict[str, Any]) -> None:
    record = json.loads((real_logs / file).read_text().splitlines()[number])
    row = stage([record.get("log", record)], "okta_system", reshape)[0]
    assert {name: row[name] for name in expected} == expected


RECORD: dict[str, Any] = {
    "uuid": "aaaaaaaa-0000-4000-8000-000000000001",
    "published": "2026-03-02T09:14:05.123Z",
    "eventType": "user.mfa.factor.reset_all",
    "version": "0",
    "severity": "WARN",
    "displayMessage": "Reset all factors for user",
    "actor": {"id": "00uadmin", "type": "User", "alternateId": "helga@example.com", "displayName": "Helga"},
    "client": {
        "ipAddress": "192.0.2.7",
        "device": "Computer",
        "userAgent": {"rawUserAgent": "Mozilla/5.0"},
        "geographicalContext": {"country": "Netherlands"},
    },
    "outcome": {"result": "SUCCESS"},
    "target": [
        {"id": "00ualice", "type": "User", "alternateId": "alice@example.com", "displayName": "Alice"}
    ],
    "transaction": {"id": "t-1", "type": "WEB"},
    "debugContext": {"debugData": {"requestUri": "/api/v1/users/00ualice/lifecycle/reset_factors"}},
    "authenticationContext": {"externalSessionId": "102session"},
    "securityContext": {"asNumber": 64500, "isProxy": False},
}
NOT_COMPARED = ("raw", "source_file", "source_row")


def columns(record: dict[str, Any]) -> dict[str, Any]:
    row = stage([record], "okta_system", reshape)[0]
    return {name: value for name, value in row.items() if name not in NOT_COMPARED}


OTHER_SHAPES: dict[str, dict[str, Any]] = {
    "Okta_CL": {
        "TimeGenerated": "2026-03-02T09:20:00Z", "Type": "Okta_CL", "uuid_g": RECORD["uuid"], "published_t": "2026-03-02T09:14:05.123Z",
        "eventType_s": RECORD["eventType"], "actor_id_s": "00uadmin", "actor_type_s": "User", "actor_alternateId_s": "helga@example.com", "actor_detailEntry_s": "",
        "client_ipAddress_s": "192.0.2.7", "client_userAgent_rawUserAgent_s": "Mozilla/5.0", "client_geographicalContext_country_s": "Netherlands",
        "outcome_result_s": "SUCCESS", "outcome_reason_s": "", "target_s": json.dumps(RECORD["target"]), "authenticationContext_externalSessionId_s": "102session",
        "securityContext_asNumber_d": 64500, "securityContext_isProxy_b": False, "debugContext_debugData_requestUri_s": "/api/v1/users",
    },
    "OktaV2_CL": {
        "TimeGenerated": "2026-03-02T09:14:05.123Z", "EventOriginalUid": RECORD["uuid"], "EventOriginalType": RECORD["eventType"], "OriginalUserId": "00uadmin",
        "OriginalUserType": "User", "OriginalActorAlternateId": "helga@example.com", "SrcIpAddr": "192.0.2.7", "HttpUserAgent": "Mozilla/5.0", "SrcGeoCountry": "Netherlands",
        "OriginalOutcomeResult": "SUCCESS", "OriginalTarget": json.dumps(RECORD["target"]), "ActorSessionId": "102session", "SecurityContextAsNumber": 64500,
    },
    "the console's CSV": {
        "timestamp": "2026-03-02T09:14:05.123Z", "uuid": RECORD["uuid"], "event_type": RECORD["eventType"], "actor.id": "00uadmin", "actor.type": "User",
        "actor.alternate_id": "helga@example.com", "client.ip_address": "192.0.2.7", "client.user_agent.raw_user_agent": "Mozilla/5.0",
        "client.geographical_context.country": "Netherlands", "outcome.result": "SUCCESS", "outcome.reason": "", "target0.id": "00ualice", "target0.type": "User",
        "target0.alternate_id": "alice@example.com", "target1.id": "", "authentication_context.external_session_id": "102session", "security_context.as_number": "64500",
    },
    "lower-case keys": {key.lower(): value for key, value in RECORD.items()},
    "keys with underlines": {"".join("_" + c.lower() if c.isupper() else c for c in key): value for key, value in RECORD.items()},
}  # fmt: skip


@pytest.mark.parametrize("shape", OTHER_SHAPES)
def test_other_shapes_give_the_columns_of_the_record(shape: str) -> None:
    assert columns(OTHER_SHAPES[shape]) == columns(RECORD)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"outcome": "success", "session_id": "102session", "target_name": "alice@example.com", "asn": 64500}),
        ({"outcome": {"result": "DENY", "reason": "policy"}}, {"outcome": "failure", "error_code": "policy"}),
        ({"outcome": {"result": "CHALLENGE"}}, {"outcome": "unknown", "error_code": None}),
        ({"outcome": None}, {"outcome": "unknown"}),
        ({"target": None}, {"target_id": None, "target_kind": None}),
        ({"authenticationContext": {"rootSessionId": "root", "externalSessionId": "102session"}}, {"session_id": "root"}),
        ({"authenticationContext": {"externalSessionId": "unknown"}}, {"session_id": None}),
        ({"eventType": "user.session.start"}, {"issued_session_id": "102session"}),
        ({"eventType": "user.authentication.auth_via_mfa"}, {"is_mfa": True}),
        ({"eventType": "system.api_token.create", "target": [{"id": "00Ttoken", "type": "Token"}]}, {"issued_credential_id": "00Ttoken", "target_kind": "token"}),
        ({"actor": {"type": "SystemPrincipal", "id": "okta", "alternateId": "system@okta.com"}}, {"principal_kind": "service", "principal_name": "system@okta.com"}),
        ({"client": None, "request": {"ipChain": [{"ip": "2001:db8::1"}]}}, {"source_ip": "2001:db8::1", "user_agent": None}),
    ],
)  # fmt: skip
def test_quirks(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    row = columns(RECORD | changes)
    assert {name: row[name] for name in expected} == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["eventType_s", "published_t", "uuid_g", "actor_id_s", "target_s", "EventOriginalType", "OriginalTarget", "event_type", "actor.id", "target0.id",
                        "eventtype", "actor", "outcome", "client", "TimeGenerated", "x"])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=10))
def test_reshape_never_fails_and_loses_no_text(record: dict[str, Any]) -> None:
    shaped = reshape(record)
    if shaped is not None:
        held = json.dumps(shaped)
        texts = [
            value for value in record.values() if isinstance(value, str) and value and value[0] not in "{["
        ]
        assert all(json.dumps(text) in held for text in texts)


@settings(max_examples=40, deadline=None)
@given(key=st.sampled_from(list(RECORD)), value=JSON)
def test_a_wrong_type_costs_a_column_at_most(key: str, value: Any) -> None:
    assert stage([RECORD | {key: value}], "okta_system")[0]["provider"] == "okta"
