"""The Okta System Log in other shapes, brought into the API's: made-up rows with the true names of the columns."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.shapes.okta import reshape

UUID = "aaaaaaaa-0000-4000-8000-000000000001"
AT = "2026-03-02T09:14:05.123Z"
TARGET = [{"id": "00ualice", "type": "User", "alternateId": "alice@example.com"}]


def test_okta_cl() -> None:
    assert reshape(
        {
            "TenantId": "aaaaaaaa-0000-4000-8000-00000000000f", "TimeGenerated": "2026-03-02T09:20:00Z", "Type": "Okta_CL", "published_t": AT, "uuid_g": UUID, "uuid_s": "",
            "eventType_s": "user.session.start", "legacyEventType_s": "", "version_s": "0", "severity_s": "INFO", "displayMessage_s": "User login to Okta",
            "actor_id_s": "00ualice", "actor_alternateId_s": "alice@example.com", "actor_detailEntry_s": '{"source": "AD"}', "outcome_result_s": "SUCCESS", "outcome_reason_s": "",
            "client_geographicalContext_geolocation_lat_d": 52.1, "client_userAgent_rawUserAgent_s": "Mozilla/5.0", "client_zone_s": "null", "target_s": json.dumps(TARGET),
            "request_ipChain_s": '[{"ip": "192.0.2.7", "version": "V4"}]', "securityContext_isProxy_b": False, "securityContext_asNumber_d": 64500,
            "transaction_detail_requestApiTokenId_s": "00Ttoken", "debugContext_debugData_requestUri_s": "/api/v1/authn", "device_os_platform_s": "OSX",
            "authenticationContext_authenticationStep_d": 0, "authenticationContext_externalSessionId_s": "102session", "domain_s": "example.okta.com", "MG_s": "", "Computer": "x",
        }
    ) == {
        "TenantId": "aaaaaaaa-0000-4000-8000-00000000000f", "TimeGenerated": "2026-03-02T09:20:00Z", "Type": "Okta_CL", "domain_s": "example.okta.com", "MG_s": "", "Computer": "x",
        "uuid": UUID, "published": AT, "eventType": "user.session.start", "version": "0", "severity": "INFO", "displayMessage": "User login to Okta",
        "actor": {"id": "00ualice", "alternateId": "alice@example.com", "detailEntry": {"source": "AD"}}, "outcome": {"result": "SUCCESS"},
        "client": {"geographicalContext": {"geolocation": {"lat": 52.1}}, "userAgent": {"rawUserAgent": "Mozilla/5.0"}, "zone": "null"}, "target": TARGET,
        "request": {"ipChain": [{"ip": "192.0.2.7", "version": "V4"}]}, "securityContext": {"isProxy": False, "asNumber": 64500},
        "transaction": {"detail": {"requestApiTokenId": "00Ttoken"}}, "debugContext": {"debugData": {"requestUri": "/api/v1/authn"}}, "device": {"os_platform": "OSX"},
        "authenticationContext": {"authenticationStep": 0, "externalSessionId": "102session"},
    }  # fmt: skip


def test_what_sentinels_parser_returns() -> None:
    """It has no `published_t`, all of `request` under `request_ipChain_s`, and a plural."""
    assert reshape(
        {
            "TimeGenerated": AT, "uuid_g": UUID, "eventType_s": "user.session.start", "actor_id_s": "00ualice", "debugContext_debugData_s": '{"dtHash": "d"}',
            "request_ipChain_s": '{"ipChain": [{"ip": "192.0.2.7"}]}', "transaction_details_s": '{"requestApiTokenId": "00Ttoken"}', "authenticationContext_issuerId_s": "i",
        }
    ) == {
        "TimeGenerated": AT, "uuid": UUID, "published": AT, "eventType": "user.session.start", "actor": {"id": "00ualice"}, "debugContext": {"debugData": {"dtHash": "d"}},
        "request": {"ipChain": [{"ip": "192.0.2.7"}]}, "transaction": {"detail": {"requestApiTokenId": "00Ttoken"}}, "authenticationContext": {"issuerId": "i"},
    }  # fmt: skip


@pytest.mark.parametrize("table", ["OktaV2_CL", "OktaSystemLogs"])
def test_the_second_table(table: str) -> None:
    assert reshape(
        {
            "Type": table, "TimeGenerated": AT, "EventOriginalUid": UUID, "EventOriginalType": "user.session.start", "LegacyEventType": "", "EventMessage": "User login to Okta",
            "EventResult": "Success", "EventSeverity": "Informational", "OriginalSeverity": "INFO", "Version": "0", "OriginalOutcomeResult": "SUCCESS", "EventOriginalResultDetails": "",
            "OriginalUserId": "00ualice", "ActorUserId": "00ualice", "ActorUserIdType": "OktaId", "OriginalActorAlternateId": "alice@example.com", "ActorUsername": "alice@example.com",
            "ActorUsernameType": "UPN", "ActorDisplayName": "Alice", "OriginalUserType": "User", "ActorUserType": "Regular", "ActorDetailEntry": "", "ActorSessionId": "102session",
            "AuthenticationContextAuthenticationProvider": "FACTOR_PROVIDER", "AuthenticationContextAuthenticationStep": 0, "AuthenticationContextCredentialProvider": "DUO",
            "AuthenticationContextInterface": "", "AuthenticationContextIssuerId": "i", "AuthenticationContextIssuerType": "", "LogonMethod": "OTP", "SrcIpAddr": "192.0.2.7",
            "SrcDvcId": "0oacli", "SrcDvcIdType": "OktaId", "HttpUserAgent": "Mozilla/5.0", "SrcDvcOs": "Linux", "ActingAppName": "FIREFOX", "ActingAppType": "Browser",
            "OriginalClientDevice": "Computer", "SrcDeviceType": "Computer", "SrcZone": "null", "SrcGeoCountry": "Netherlands", "SrcGeoLatitude": 52.1, "SrcGeoLongtitude": 5.1,
            "SecurityContextAsNumber": 64500, "SecurityContextIsProxy": False, "SrcIsp": "isp", "TransactionId": "t-1", "TransactionDetail": '{"requestApiTokenId": "00Ttoken"}',
            "DebugData": '{"dtHash": "d"}', "Request": '{"ipChain": [{"ip": "192.0.2.7"}]}', "OriginalTarget": json.dumps(TARGET), "DvcAction": "",
        }
    ) == {
        "Type": table, "EventResult": "Success", "EventSeverity": "Informational", "ActorUserIdType": "OktaId", "ActorUsernameType": "UPN", "ActorUserType": "Regular",
        "SrcDvcIdType": "OktaId", "ActingAppType": "Browser", "SrcDeviceType": "Computer", "DvcAction": "",
        "uuid": UUID, "published": AT, "eventType": "user.session.start", "displayMessage": "User login to Okta", "severity": "INFO", "version": "0", "outcome": {"result": "SUCCESS"},
        "actor": {"id": "00ualice", "alternateId": "alice@example.com", "displayName": "Alice", "type": "User"},
        "authenticationContext": {
            "externalSessionId": "102session", "authenticationProvider": "FACTOR_PROVIDER", "authenticationStep": 0, "credentialProvider": "DUO", "credentialType": "OTP",
            "issuer": {"id": "i"},
        },
        "client": {
            "ipAddress": "192.0.2.7", "id": "0oacli", "device": "Computer", "zone": "null", "userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Linux", "browser": "FIREFOX"},
            "geographicalContext": {"country": "Netherlands", "geolocation": {"lat": 52.1, "lon": 5.1}},
        },
        "securityContext": {"asNumber": 64500, "isProxy": False, "isp": "isp"}, "transaction": {"id": "t-1", "detail": {"requestApiTokenId": "00Ttoken"}},
        "debugContext": {"debugData": {"dtHash": "d"}}, "request": {"ipChain": [{"ip": "192.0.2.7"}]}, "target": TARGET,
    }  # fmt: skip


def test_the_consoles_csv() -> None:
    assert reshape(
        {
            "severity": "INFO", "event_type": "group.user_membership.add", "display_message": "Add user to group", "uuid": UUID, "version": "0", "timestamp": AT, "outcome.result": "SUCCESS",
            "outcome.reason": "", "actor.id": "00uadmin", "actor.alternate_id": "helga@example.com", "authentication_context.external_session_id": "102session",
            "client.ip_address": "192.0.2.7", "client.user_agent.raw_user_agent": "Mozilla/5.0", "client.geographical_context.geolocation.lon": "5.1", "transaction.id": "t-1",
            "debug_context.debug_data.request_uri": "/admin", "legacy_event_type": "core.user_group_member.user_add", "target0.id": "00ualice", "target0.type": "User", "target0.alternate_id": "",
            "target1.id": "00gadmins", "target1.display_name": "Admins", "target2.id": "", "target10.id": "tenth", "request.ip_chain.ip": "192.0.2.7", "request.ip_chain.version": "V4",
            "a.b": "kept",
        }
    ) == {
        "severity": "INFO", "eventType": "group.user_membership.add", "displayMessage": "Add user to group", "uuid": UUID, "version": "0", "published": AT, "outcome": {"result": "SUCCESS"},
        "actor": {"id": "00uadmin", "alternateId": "helga@example.com"}, "authenticationContext": {"externalSessionId": "102session"}, "transaction": {"id": "t-1"},
        "client": {"ipAddress": "192.0.2.7", "userAgent": {"rawUserAgent": "Mozilla/5.0"}, "geographicalContext": {"geolocation": {"lon": "5.1"}}},
        "debugContext": {"debugData": {"requestUri": "/admin"}}, "legacyEventType": "core.user_group_member.user_add",
        "target": [{"id": "00ualice", "type": "User"}, {"id": "00gadmins", "displayName": "Admins"}, {"id": "tenth"}],
        "request": {"ipChain": [{"ip": "192.0.2.7", "version": "V4"}]}, "a.b": "kept",
    }  # fmt: skip


def test_names_respelled_at_every_depth() -> None:
    expected = {
        "uuid": UUID, "published": AT, "eventType": "user.session.start", "severity": None, "target": TARGET, "actor": {"alternateId": "alice@example.com", "own_key": 1},
        "client": {"userAgent": {"rawUserAgent": "Mozilla/5.0"}, "ipAddress": "192.0.2.7"}, "debugContext": {"debugData": {"dtHash": "d"}}, "p_log_type": "Okta.SystemLog",
    }  # fmt: skip
    assert reshape(
        {
            "uuid": UUID, "published": AT, "event_type": "user.session.start", "severity": None, "target": [{"id": "00ualice", "type": "User", "alternate_id": "alice@example.com"}],
            "actor": '{"alternate_id": "alice@example.com", "own_key": 1}', "client": {"user_agent": {"raw_user_agent": "Mozilla/5.0"}, "ip_address": "192.0.2.7"},
            "debug_context": {"debug_data": {"dt_hash": "d"}}, "p_log_type": "Okta.SystemLog",
        }
    ) == expected  # fmt: skip
    assert reshape(
        {
            "uuid": UUID, "published": AT, "eventtype": "user.session.start", "severity": None, "target": [{"id": "00ualice", "type": "User", "alternateid": "alice@example.com"}],
            "actor": {"alternateid": "alice@example.com", "own_key": 1}, "client": {"useragent": {"rawuseragent": "Mozilla/5.0"}, "ipaddress": "192.0.2.7"},
            "debugcontext": {"debugdata": {"dthash": "d"}}, "p_log_type": "Okta.SystemLog",
        }
    ) == expected  # fmt: skip


def test_the_portals_csv_has_utc_behind_times() -> None:
    shaped = reshape(
        {
            "TimeGenerated [UTC]": "3/2/2026, 9:20:00.000 AM",
            "published_t [UTC]": "3/2/2026, 9:14:05.123 AM",
            "eventType_s": "user.session.start",
            "actor_id_s": "a",
        }
    )
    assert shaped is not None
    assert shaped["published"] == "3/2/2026, 9:14:05.123 AM"
    assert shaped["TimeGenerated [UTC]"] == "3/2/2026, 9:20:00.000 AM"


def test_two_columns_of_one_place_are_both_kept() -> None:
    row = {"eventType_s": "user.session.start", "actor_id_s": "a", "actor_id_g": "b", "actor": "c",
           "debugContext_debugData_requestUri_s": "/x", "debugContext_debugData_s": '{"url": "/x?"}'}  # fmt: skip
    shaped = {"uuid": "", "published": "", "eventType": "user.session.start", "actor": "c", "actor_id_s": "a", "actor_id_g": "b",
              "debugContext": {"debugData": {"requestUri": "/x", "url": "/x?"}}}  # fmt: skip
    assert reshape(row) == shaped
    assert reshape(dict(reversed(row.items()))) == shaped
    both = {"eventtype": "a", "eventType": "b", "legacyEventType": None, "actor": {"alternateid": 1, "alternateId": 2}}  # fmt: skip
    assert reshape(both) == both | {"uuid": "", "published": ""}
    csv = {"event_type": "a", "eventType": "b", "actor.id": "c", "target": "d", "target0.id": "e", "target00.id": "f"}  # fmt: skip
    assert leaves(reshape(csv)) == {"a", "b", "c", "d", "e", "f", ""}


def test_the_apis_own_shape_comes_back_as_it_is() -> None:
    record = {"uuid": UUID, "published": AT, "eventType": "a", "actor": {"alternateId": "alice@example.com"}}
    assert reshape(record) is record


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"eventType": "AwsApiCall", "eventName": "GetObject", "userIdentity": {}, "eventSource": "s3.amazonaws.com"},
        {"eventType": "created", "actor": {"id": "1", "name": "x"}, "target": {}, "outcome": "success"},
        {"event_type": "push", "actor": "octocat", "outcome": "ok"},
        {"EventOriginalType": "Logon", "EventOriginalUid": "1", "EventVendor": "Other", "TimeGenerated": AT},  # any vendor's ASIM row
        {"eventType_s": "x", "uuid_g": UUID, "TimeGenerated": AT},
        {"actorId": "a", "eventType": "system.api_token.create", "target": [], "result": "SUCCESS"},
        {"category": "AuditLogs", "properties": {}, "actor": {"alternateId": "a"}},
        {"eventType": None, "actor": "text"},
    ],
)  # fmt: skip
def test_other_logs_are_left_alone(record: dict[str, Any]) -> None:
    assert reshape(record) is None


def test_every_okta_record_of_the_panther_rules_is_known(real_logs: Path) -> None:
    """66 of the 100 tests are of the System Log; the others are results of scheduled queries."""
    cases = [
        json.loads(line) for line in (real_logs / "okta/panther/okta_rules.jsonl").read_text().splitlines()
    ]
    assert len(cases) == 100
    assert [
        case["test"]
        for case in cases
        if (reshape(case["log"]) is not None) != (case["log_types"] == ["Okta.SystemLog"])
    ] == []
    shaped = [reshape(case["log"]) for case in cases if case["log_types"]]
    assert all(
        leaves(case["log"]) <= leaves(record)
        for case, record in zip([c for c in cases if c["log_types"]], shaped, strict=True)
    )


def leaves(value: object) -> set[Any]:
    return set(_leaves(value))


def _leaves(value: object) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["", "{", "[1, 2", '{"a": [3]}', "null"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
COLUMNS = (
    "eventType_s", "published_t", "uuid_g", "uuid_s", "actor_id_s", "actor_id_g", "actor_s", "actor__s", "device_os_platform_s", "target_s",
    "request_ipChain_s", "transaction_details_s", "outcome_result_s", "debugContext_debugData_s", "debugContext_debugData_requestUri_s", "domain_s",
    "EventOriginalType", "EventOriginalUid", "OriginalTarget", "OriginalUserId", "ActorUserId", "OriginalOutcomeResult", "DebugData", "Request",
    "TransactionDetail", "event_type", "eventType", "eventtype", "EVENT_TYPE", "uuid", "UUID", "published", "timestamp", "actor", "Actor", "actor.id",
    "actor.alternate_id", "actor.alternateId", "actor.", "target", "target.id", "target0.id", "target00.id", "target1.alternate_id",
    "target0.detail_entry.x", "outcome", "outcome.result", "request", "request.ip_chain.ip", "request.ip_chain", "client", "debugContext",
    "debug_context", "legacyEventType", "securityContext", "TimeGenerated", "x",
)  # fmt: skip
# by these the four shapes are known
MARKS = (
    ("eventType_s", "actor_id_s"), ("EventOriginalType", "OriginalTarget"), ("event_type", "actor.id"), ("eventtype", "legacyEventType"), ("EVENT_TYPE", "securityContext"), (),
)  # fmt: skip
NAMES = st.builds(
    lambda marks, others: list(dict.fromkeys((*others, *marks))),
    st.sampled_from(MARKS),
    st.lists(st.sampled_from(COLUMNS), unique=True, max_size=12),
)


@settings(max_examples=400, deadline=None)
@given(NAMES, st.dictionaries(st.text(max_size=8), ANY_JSON, max_size=2), st.data())
def test_nothing_fails(names: list[str], others: dict[str, Any], data: st.DataObject) -> None:
    record = others | {name: data.draw(ANY_JSON) for name in names}
    before = json.dumps(record)
    shaped = reshape(record)
    if shaped is not None:
        assert shaped.keys() >= {"uuid", "published", "eventType"}
        assert all(shaped[key] is not None for key in ("uuid", "published", "eventType"))
        assert json.dumps(shaped) == json.dumps(reshape(json.loads(before)))


@settings(max_examples=400, deadline=None)
@given(names=NAMES, kinds=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_no_value_is_lost(names: list[str], kinds: list[int]) -> None:
    """Each column holds values of its own, as text, in an object, in a list, or as JSON text."""
    record: dict[str, Any] = {}
    expected: set[Any] = set()
    for number, (name, kind) in enumerate(zip(names, kinds, strict=False)):
        first, second = f"v{number}", f"w{number}"
        inside = {"alternate_id": first, "alternateId": second, "type": first}
        record[name] = (first, inside, [inside, second], json.dumps(inside))[kind]
        expected |= {first} if kind == 0 else {first, second}
    shaped = reshape(record)
    if shaped is not None:
        held = leaves(shaped)
        # JSON text in a place that holds no object stays text
        held |= {
            leaf
            for text in held
            if isinstance(text, str) and text.startswith("{")
            for leaf in leaves(json.loads(text))
        }
        assert expected <= held


def test_deep_and_long_values() -> None:
    deep: Any = "bottom"
    for _ in range(400):
        deep = {"actor": [deep]}
    assert reshape({"eventtype": "user.session.start", "legacyEventType": "x", "actor": deep}) is not None
    text = "[" * 100_000
    assert reshape({"eventType_s": "user.session.start", "actor_id_s": "a", "target_s": text}) == {
        "uuid": "", "published": "", "eventType": "user.session.start", "actor": {"id": "a"}, "target": text
    }  # fmt: skip
    digits = json.dumps({"9" * 5000: 1})
    assert reshape({"eventType_s": "e", "actor_id_s": "a", "target_s": digits}) is not None
