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
    (ELASTIC, 12, DUBLIN | {  # a sign-in that an API token asked for
        "action": "user.session.start", "occurred_at": datetime(2022, 5, 11, 9, 25, 18, 716000), "credential_kind": "api_token", "is_mfa": None, "device_id": None,
        "credential_id": "MDU0ZTEyM2QwYjc2N2FiZDI2YzViZDRiODVkNGNhZDFkZjg4YjU2ZiAgLQo=", "source_ip": "81.2.69.144", "user_agent": "blah", "asn": 14618,
        "session_id": "xxxxxx", "issued_session_id": "xxxxxx", "target_id": None, "tenant_id": None, "token_id": None,
    }),
    (ELASTIC, 16, {
        "event_id": "uuid", "action": "user.authentication.auth_via_mfa", "is_mfa": True, "device_id": "hash", "token_id": None, "country": "Germany", "asn": 62336,
        "credential_id": None, "credential_kind": None, "target_name": "name@domain.com", "issued_session_id": None,
    }),
    (ELASTIC, 20, {  # `client` and `debugContext` are empty
        "event_id": "2D6FC3CC-3BFB-4AC1-8259-016CF6A5976C", "action": "user.authentication.sso", "source_ip": "192.168.1.10", "country": None, "user_agent": None,
        "device_id": "abcdefghijklmnop", "app_id": "0o123456abcdef1t7", "target_id": "0ustyhdhurhjtdrhh1t7", "target_name": "test.user@test.com", "target_kind": "app_user",
    }),
    (ELASTIC, 23, {"target_id": "fakefakefakefake", "target_name": "John's MacBook Pro", "target_kind": "uddevice", "source_ip": "192.168.1.10", "device_id": None}),
    (SEKOIA, 0, {
        "event_id": "33333333-3333-3333-3333-333333333333", "occurred_at": datetime(2025, 10, 10, 4, 31, 28, 72000), "action": "user.account.lock", "outcome": "failure",
        "error_code": "LOCKED_OUT", "session_id": "SESSION_ID", "asn": 123456, "device_id": "4" * 64, "target_name": "john.doe@example.com", "target_kind": "user", "source_ip": "1.2.3.4",
    }),
    (SEKOIA, 1, {  # an assertion of another provider is no second factor
        "action": "user.authentication.auth_via_IDP", "principal_kind": "service", "principal_name": "system@okta.com", "credential_kind": "assertion", "credential_id": None,
        "is_mfa": None, "app_id": "kdYO9RZnIHNhV6vii333b", "target_kind": "user", "target_name": "john.doe@example.org", "session_id": "kjrgFtXuZnABQV9Vq1A2c",
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
    (SEKOIA, 9, {
        "event_id": "b8d32533-0b5e-4081-b933-fb4433f25e95", "action": "user.account.update_password", "outcome": "success", "principal_name": "john.doe@example.org",
        "credential_kind": "api_token", "credential_id": "REDACTED", "target_name": "john.doe@example.org", "user_agent": "Okta-Integrations",
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
    (PANTHER, 38, {
        "event_id": "44aeb388-08b4-11ef-9cec-73ffcb6f9fdd", "occurred_at": datetime(2024, 5, 2, 18, 46, 21, 121000), "credential_kind": "api_token",
        "credential_id": "00T1bjatrp6Nl1dOc5d7", "target_id": "/api/v1/logs", "target_name": None, "target_kind": "url_pattern", "asn": None, "session_id": "trsxcsf59kYRG-GwAbWjw-PZA",
    }),
    (PANTHER, 47, {  # debugData is ""
        "action": "application.user_membership.show_password", "target_kind": "user", "target_id": "16325kd349753", "app_id": "16442ew83428795", "device_id": None, "country": "Iceland",
    }),
    (PANTHER, 69, {"event_id": "35cae732-21bd-11ef-a011-dd05aa53a11a", "occurred_at": None, "principal_id": None, "target_kind": "app_user", "target_name": "aardvark"}),
    (PANTHER, 71, {
        "action": "user.account.reset_password", "occurred_at": datetime(2021, 11, 29, 18, 56, 40, 14000), "principal_name": "system@okta.com", "target_name": "homer@springfield.gov",
        "user_agent": None, "session_id": None, "error_code": None,
    }),
    (PANTHER, 88, {  # in lower case; an address acts, and nobody signed in
        "event_id": "asdfa-1234-asdfdas", "action": "security.threat.detected", "outcome": "failure", "principal_kind": "anonymous", "principal_name": None,
        "error_code": "Password Spray, Login failures with high unknown users count, Login Failures", "asn": 62240, "device_id": "abcsadfjsald", "source_ip": "1.2.3.4",
    }),
    (PANTHER, 89, {"source_ip": "1.2.3.4", "outcome": "success"}),  # the address stands beside the country of the chain only
    (PANTHER, 93, {
        "action": "user.mfa.factor.reset_all", "outcome": "success", "principal_name": "homer.simpson@duff.com", "target_id": "0002222AAAA", "target_name": "peter.griffin@company.com",
        "target_kind": "user", "session_id": "100-abc-9999", "asn": 701, "country": "United States",
    }),
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
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
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
        ({"outcome": {"result": "DENY", "reason": ""}}, {"outcome": "failure", "error_code": "DENY"}),
        ({"outcome": {"result": "ALLOW"}}, {"outcome": "success", "error_code": None}),
        *(({"outcome": {"result": word, "reason": "r"}}, {"outcome": "failure", "error_code": "r"}) for word in ("FAILURE", "RATE_LIMIT", "ABANDONED", "UNANSWERED")),
        *(({"outcome": {"result": word, "reason": "r"}}, {"outcome": "unknown", "error_code": None}) for word in ("CHALLENGE", "SKIPPED", "DEFERRED", "SCHEDULED", "UNKNOWN", "?")),
        ({"outcome": None}, {"outcome": "unknown"}),
        ({"target": None}, {"target_id": None, "target_kind": None}),
        ({"target": []}, {"target_id": None, "target_kind": None}),
        ({"target": {"id": "00ubob", "type": "User"}}, {"target_id": "00ubob", "target_kind": "user", "target_name": None}),
        ({"target": [{"id": "0oaapp", "type": "AppInstance", "alternateId": "Payroll"}]}, {"target_id": "0oaapp", "target_kind": "app_instance", "app_id": "0oaapp"}),
        (
            {"target": [{"id": "0oaapp", "type": "AppInstance"}, {"id": "0uabob", "type": "AppUser", "alternateId": "b"}, {"id": "00ubob", "type": "User", "alternateId": "bob@example.com"}]},
            {"target_id": "00ubob", "target_name": "bob@example.com", "app_id": "0oaapp"},
        ),
        ({"target": [{"id": "0oaapp", "type": "AppInstance"}, {"id": "0uabob", "type": "AppUser"}]}, {"target_id": "0uabob", "target_kind": "app_user"}),
        ({"target": [{"id": "00gadmins", "type": "UserGroup", "alternateId": "unknown", "displayName": "Admins"}]}, {"target_name": "Admins", "target_kind": "user_group"}),
        ({"authenticationContext": {"rootSessionId": "root", "externalSessionId": "102session"}}, {"session_id": "root"}),
        ({"authenticationContext": {"rootSessionId": "unknown", "externalSessionId": "102session"}}, {"session_id": "102session"}),
        ({"authenticationContext": {"rootSessionId": "", "externalSessionId": "unknown"}}, {"session_id": None}),
        ({"authenticationContext": '{"rootSessionId": "root"}'}, {"session_id": "root"}),
        ({"authenticationContext": {"credentialType": "OAuth 2.0"}}, {"credential_kind": "oauth_2_0", "credential_id": None}),
        ({"transaction": {"detail": {"requestApiTokenId": "00Ttoken"}}}, {"credential_id": "00Ttoken", "credential_kind": "api_token"}),
        ({"eventType": "user.session.start", "outcome": {"result": "FAILURE"}}, {"issued_session_id": None}),
        ({"eventType": "user.session.start"}, {"issued_session_id": "102session"}),
        ({"eventType": "user.authentication.auth_via_mfa"}, {"is_mfa": True}),
        ({"eventType": "user.authentication.auth_via_mfa", "outcome": {"result": "FAILURE"}}, {"is_mfa": None}),
        ({"eventType": "user.authentication.auth_via_mfa", "debugContext": {"debugData": {"factor": "PASSWORD_AS_FACTOR"}}}, {"is_mfa": None}),
        ({"eventType": "user.authentication.auth_via_IDP", "authenticationContext": {"credentialType": "ASSERTION"}}, {"is_mfa": None}),
        ({"eventType": "user.session.start", "authenticationContext": {"credentialType": "OTP"}}, {"is_mfa": True}),
        ({"eventType": "system.api_token.create", "target": [{"id": "00Ttoken", "type": "Token"}]}, {"issued_credential_id": "00Ttoken", "target_kind": "token"}),
        (
            {"eventType": "system.api_token.create", "target": [{"id": "00ualice", "type": "User"}, {"id": "00Ttoken", "type": "Token"}]},
            {"issued_credential_id": "00Ttoken", "target_id": "00ualice"},
        ),
        ({"eventType": "system.api_token.create"}, {"issued_credential_id": None}),  # names the user only
        ({"eventType": "system.api_token.create", "outcome": {"result": "FAILURE"}, "target": [{"id": "00Ttoken", "type": "Token"}]}, {"issued_credential_id": None}),
        ({"eventType": "system.api_token.revoke", "target": [{"id": "00Ttoken", "type": "Token"}]}, {"issued_credential_id": None, "target_id": "00Ttoken"}),
        ({"actor": {"type": "SystemPrincipal", "id": "okta", "alternateId": "system@okta.com"}}, {"principal_kind": "service", "principal_name": "system@okta.com"}),
        ({"actor": {"type": "PublicClientApp", "id": "0oacli", "alternateId": "cli"}}, {"principal_kind": "service_principal", "principal_id": "0oacli"}),
        ({"actor": {"type": "User", "id": "unknown", "alternateId": "unknown"}}, {"principal_id": None, "principal_name": None, "principal_kind": "user"}),
        ({"device": {"id": "guodevice"}, "debugContext": {"debugData": {"dtHash": "d", "deviceFingerprint": "f"}}}, {"device_id": "guodevice", "token_id": None}),
        ({"device": None, "debugContext": {"debugData": {"dtHash": "", "deviceFingerprint": "f"}}}, {"device_id": "f"}),
        ({"debugContext": '{"debugData": "{\\"dtHash\\": \\"d\\"}"}'}, {"device_id": "d"}),
        ({"domain": "Example.Okta.com"}, {"tenant_id": "example.okta.com"}),
        ({"domain_s": "login.example.com"}, {"tenant_id": "login.example.com"}),
        ({"domain": {"x": 1}}, {"tenant_id": None}),
        ({"debugContext": {"debugData": {"url": "https://example.okta.com/api/v1/logs?limit=1"}}}, {"tenant_id": "example.okta.com"}),
        ({"debugContext": {"debugData": {"url": "https://example.okta.com.evil.example/x"}}}, {"tenant_id": None}),
        ({"debugContext": {"debugData": {"url": "/login?fromURI=https://other.okta.com/"}}}, {"tenant_id": None}),
        ({"securityContext": {"asNumber": "64500"}}, {"asn": 64500}),
        ({"securityContext": {"asNumber": 64500.0}}, {"asn": 64500}),
        ({"securityContext": {"asNumber": "AS64500"}}, {"asn": None}),
        ({"client": {"ipAddress": "null", "id": "0oacli"}, "request": {"ipChain": [{"ip": "192.0.2.8"}]}}, {"source_ip": "192.0.2.8", "app_id": "0oacli", "country": None}),
        ({"client": {"userAgent": "curl/8"}}, {"user_agent": "curl/8", "source_ip": None}),
        ({"published": "2026-03-02T11:14:05.123+02:00"}, {"occurred_at": datetime(2026, 3, 2, 9, 14, 5, 123000)}),
        ({"published": "redacted"}, {"occurred_at": None}),
        ({"client": None, "request": {"ipChain": [{"ip": "2001:db8::1"}]}}, {"source_ip": "2001:db8::1", "user_agent": None}),
    ],
)  # fmt: skip
def test_quirks(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    row = columns(RECORD | changes)
    assert {name: row[name] for name in expected} == expected


# a path in the record, each way that it may be of another type
PATHS = (
    "uuid", "published", "eventType", "actor", "actor.id", "actor.alternateId", "actor.type", "client", "client.ipAddress", "client.userAgent", "client.userAgent.rawUserAgent",
    "client.geographicalContext", "client.geographicalContext.country", "client.id", "device", "device.id", "outcome", "outcome.result", "outcome.reason", "target", "transaction",
    "transaction.detail", "transaction.detail.requestApiTokenId", "debugContext", "debugContext.debugData", "debugContext.debugData.url", "debugContext.debugData.dtHash",
    "debugContext.debugData.factor", "authenticationContext", "authenticationContext.rootSessionId", "authenticationContext.externalSessionId",
    "authenticationContext.credentialType", "securityContext", "securityContext.asNumber", "request", "request.ipChain", "domain", "domain_s",
)  # fmt: skip
ODD_VALUES = (
    None, True, 7, 1e300, "", "text", "{", "[]", '{"id": 1}', [], [None, 3, "x", [], {}], [{"type": [], "id": {}, "alternateId": 4}], {}, {"x": None}, {"id": [], "type": {}}, "\u0000",
)  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    """The record with one value at a path instead of its own."""
    record: dict[str, Any] = json.loads(json.dumps(RECORD))
    here = record
    *way, last = path.split(".")
    for key in way:
        here = here.setdefault(key, {})
    here[last] = value
    return record


def test_a_wrong_type_costs_a_column_at_most() -> None:
    records = [changed(path, value) for path in PATHS for value in ODD_VALUES]
    rows = stage(records, "okta_system")
    assert len(rows) == len(records)
    assert {row["provider"] for row in rows} == {"okta"}
    assert all(row["event_id"] for row in rows)
    # what is wrong in `target` costs nothing elsewhere
    at_target = rows[PATHS.index("target") * len(ODD_VALUES) :][: len(ODD_VALUES)]
    assert {(row["session_id"], row["source_ip"], row["asn"]) for row in at_target} == {
        ("102session", "192.0.2.7", 64500)
    }


@settings(max_examples=40, deadline=None)
@given(key=st.sampled_from(list(RECORD)), value=ANY_JSON)
def test_any_value_is_survived(key: str, value: Any) -> None:
    assert stage([RECORD | {key: value}], "okta_system")[0]["provider"] == "okta"
