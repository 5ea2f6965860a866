"""Times and durations from the command line, and addresses from logs."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.addresses import canonical_address
from pipeline.errors import SettingsError
from pipeline.times import parse_duration, parse_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T09:14Z", datetime(2026, 3, 2, 9, 14)),
        ("2026-03-02T11:14:30+02:00", datetime(2026, 3, 2, 9, 14, 30)),
        ("2026-03-02", datetime(2026, 3, 2)),
        (" 2026-03-02 09:14 ", datetime(2026, 3, 2, 9, 14)),
    ],
)
def test_times_become_naive_utc(text: str, expected: datetime) -> None:
    assert parse_time(text, "--at") == expected


@pytest.mark.parametrize("text", ["yesterday", "02.03.2026", "2026-13-01", ""])
def test_other_times_are_refused_with_a_hint(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--at: not a time.*write 2026-03-02T09:14Z"):
        parse_time(text, "--at")


def test_durations() -> None:
    assert parse_duration("90m", "--window") == timedelta(minutes=90)
    assert parse_duration("2w", "--window") == timedelta(days=14)


@pytest.mark.parametrize("text", ["0h", "72", "h", "-3d", "1.5h", "999999d"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--window"):
        parse_duration(text, "--window")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:db8:85a3::8a2e:370:7334"),
        ("::ffff:10.11.12.13", "10.11.12.13"),
        ("fe80::1%eth0", "fe80::1"),
        ("localhost:1234", None),
        ("[localhost]:12345", None),
        ("08.1.250.216", None),
    ],
)
def test_addresses_in_canonical_form(text: str, expected: str | None) -> None:
    assert canonical_address(text) == expected


@given(st.ip_addresses(v=6))
def test_a_canonical_address_stays_itself(address) -> None:
    canonical = canonical_address(f"[{address.exploded}]:65535")
    if address.is_unspecified:
        assert canonical is None  # everybody's
    else:
        assert canonical is not None
        assert canonical_address(canonical) == canonical or "." in canonical
