"""Who has an ordinary reset in the fortnight, when and how, and the calendar that follows: pauses, journeys, cut-offs.

Two people travel after their reset, so that a new network after a reset is not by itself the attack.
"""

from dataclasses import dataclass
from datetime import datetime

from pipeline.simulate.networks import HOTEL_PORTUGAL, HOTEL_SPAIN
from pipeline.simulate.times import later, moment
from pipeline.simulate.world import Calendar, Trip

PAUSE_BEFORE = 180
PAUSE_AFTER = 45 * 60


@dataclass(frozen=True, slots=True)
class PlannedReset:
    """`kinds` in order: self_service, password, mfa_method, temporary_access_pass, new_phone."""

    login: str
    at: datetime
    kinds: tuple[str, ...]
    help_desk: str | None
    has_cut_off: bool
    place: str  # where the person is while it happens
    story: str


ORDINARY_RESETS = (
    PlannedReset(
        "lena",
        moment("2026-02-23 10:05:12"),
        ("self_service",),
        None,
        True,
        "office",
        "back from leave, forgot it",
    ),
    PlannedReset(
        "marco",
        moment("2026-02-24 08:50:31"),
        ("password",),
        "hana",
        False,
        "office",
        "typed it wrong too often",
    ),
    PlannedReset(
        "nina",
        moment("2026-02-25 13:20:07"),
        ("new_phone",),
        None,
        False,
        "home",
        "a new phone, old one at hand",
    ),
    PlannedReset(
        "oscar",
        moment("2026-02-25 15:40:44"),
        ("mfa_method",),
        "hugo",
        True,
        "home",
        "the phone fell into the harbour",
    ),
    PlannedReset(
        "petra",
        moment("2026-02-26 09:10:19"),
        ("password",),
        "hana",
        True,
        "home",
        "forgot it; in Spain that evening",
    ),
    PlannedReset(
        "bob",
        moment("2026-03-03 10:02:26"),
        ("password", "mfa_method"),
        "hugo",
        True,
        "office",
        "a new phone and no password",
    ),
    PlannedReset(
        "quentin", moment("2026-03-03 14:11:58"), ("self_service",), None, True, "office", "password expired"
    ),
    PlannedReset(
        "rosa",
        moment("2026-03-04 07:55:37"),
        ("password", "temporary_access_pass"),
        "hana",
        True,
        "home",
        "lost her phone",
    ),
    PlannedReset(
        "sven",
        moment("2026-03-05 09:30:03"),
        ("self_service",),
        None,
        True,
        "trip",
        "from a hotel in Portugal, where he has never been",
    ),
    PlannedReset("tara", moment("2026-03-06 12:45:50"), ("password",), "hugo", False, "home", "forgot it"),
)
# Two IAM users of AWS, apart from Entra.
CHANGE_OWN_PASSWORD = ("carol.mensah", "carol", moment("2026-02-27 11:30:21"))
UPDATE_LOGIN_PROFILE = ("erik.holm", "kai", moment("2026-03-04 13:31:15"))

TRIPS: dict[str, tuple[Trip, ...]] = {
    "petra": (Trip(HOTEL_SPAIN, 77, moment("2026-02-26 17:00"), moment("2026-02-28 18:00")),),
    "sven": (Trip(HOTEL_PORTUGAL, 103, moment("2026-03-05 09:28"), moment("2026-03-06 20:00")),),
}


def make_calendar(
    planned: tuple[PlannedReset, ...], absences: dict[str, tuple[datetime, datetime]]
) -> Calendar:
    """Nobody works between the call to the help desk and the first sign-in after it, which `perform` writes."""
    cut_offs: dict[str, tuple[datetime, ...]] = {
        reset.login: (reset.at,) for reset in planned if reset.has_cut_off
    }
    pauses = {
        reset.login: ((later(reset.at, -PAUSE_BEFORE), later(reset.at, PAUSE_AFTER)),) for reset in planned
    }
    return Calendar(cut_offs, TRIPS, pauses | {login: (span,) for login, span in absences.items()})
