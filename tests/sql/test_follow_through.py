"""What the reached holder made, what became of it, and what hung on the person before."""

from datetime import timedelta

import pytest

from tests.sql.cloud_records import OFFICE, PAST, RESET, sign_in_row, story
from tests.sql.conftest import at, cloudtrail, give

MADE = "select thing_id, verdict, use_count, networks, first_used_at, last_used_at from followed_identities"
STOLEN = "203.0.113.9"


def taken_over(**use) -> list[dict]:
    """Ada's password is reset, somebody signs in with it and makes a key for `deploy`."""
    events = [
        cloudtrail(
            "2 09:00", "UpdateLoginProfile", "AKIAHELP", "helga", target_id="ada", target_name="ada", target_kind="user"
        ),
        cloudtrail("2 09:10", "ListUsers", "AKIAADA", source_ip=STOLEN),
        cloudtrail(
            "2 09:20", "CreateAccessKey", "AKIAADA", source_ip=STOLEN,
            target_id="deploy", target_name="deploy", target_kind="user", issued_credential_id="AKIANEW",
        ),
    ]  # fmt: skip
    if use:
        events.append(cloudtrail("2 12:00", "ListBuckets", "AKIANEW", "deploy", "s3.amazonaws.com", **use))
    return events


def test_what_was_made_and_never_used(build) -> None:
    assert build(taken_over())(MADE) == [("aws-key:AKIANEW", "unused", 0, [], None, None)]


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        (STOLEN, "used_from_reached_network"),
        ("198.51.100.7", "used_elsewhere"),
        (None, "used_from_within_the_cloud"),
    ],
)
def test_where_it_was_used(build, address: str | None, verdict: str) -> None:
    ((thing_id, found, count, *_),) = build(taken_over(source_ip=address))(MADE)
    assert (thing_id, found, count) == ("aws-key:AKIANEW", verdict, 1)


def test_the_runner_that_it_was_made_for(build) -> None:
    before = cloudtrail(
        "1 12:00", "ListBuckets", "AKIAOLD", "deploy", "s3.amazonaws.com", source_ip="198.51.100.7"
    )
    query = build([before, *taken_over(source_ip="198.51.100.7")])
    assert [row[1] for row in query(MADE)] == ["used_by_known_automation"]


def test_a_failed_use_is_no_use(build) -> None:
    assert [row[1] for row in build(taken_over(source_ip=STOLEN, outcome="failure"))(MADE)] == ["unused"]


def test_what_is_made_after_the_window_is_not_followed(build) -> None:
    assert build(taken_over(), timedelta(minutes=15))(MADE) == []


def test_what_hangs_on_the_person(build) -> None:
    mine = [
        cloudtrail("1 08:00", "CreateUser", target_id="deploy", target_name="deploy", target_kind="user"),
        *(
            cloudtrail(
                f"{day} 10:00", "AssumeRole", service="sts.amazonaws.com", target_id="arn:aws:iam::111122223333:role/Build"
            )
            for day in range(3, 9)
        ),
        cloudtrail("5 09:00", "ListBuckets", "AKIABOT", "bot", "s3.amazonaws.com"),
        cloudtrail(
            "9 09:00", "UpdateLoginProfile", "AKIAHELP", "helga", source_ip="198.51.100.1",
            target_id="ada", target_name="ada", target_kind="user",
        ),
    ]  # fmt: skip
    assert build(mine)("select thing, how, first_at from int_automation_ties order by thing") == [
        ("AKIABOT", "used from the address of the person", at("5 09:00")),
        ("arn:aws:iam::111122223333:role/Build", "role assumed regularly", at("3 10:00")),
        ("deploy", "created by", at("1 08:00")),
    ]


def test_the_inventory_ties_a_key_to_its_owner(build, con) -> None:
    give(con, "inventory", [{"thing": "AKIABOT", "kind": "access_key", "owner": "Ada@example.com"}])
    reset = cloudtrail(
        "2 09:00",
        "UpdateLoginProfile",
        "AKIAHELP",
        "helga",
        target_id="ada",
        target_name="ada",
        target_kind="user",
    )
    tied = {
        "thing": "arn:aws:iam::111122223333:user/team/ada",
        "kind": "iam_user",
        "owner": "ada@example.com",
    }
    give(con, "inventory", [{"thing": "AKIABOT", "kind": "access_key", "owner": "Ada@example.com"}, tied])
    query = build([reset])
    assert query("select person_id, thing, how from int_automation_ties") == [
        ("ada@example.com", "AKIABOT", "the inventory says so")
    ]


@pytest.mark.parametrize(
    "others, tied",
    [((), [("AKIAALICE", 0.64)]), (("alice@example.net",), [])],
    ids=["alone", "two of a name"],
)
def test_a_key_of_the_iam_user_who_bears_the_name_of_the_person(build, others, tied) -> None:
    key = {
        "key": "AKIAALICE",
        "user": "alice",
        "service": "s3.amazonaws.com",
    }
    query = build(
        [
            *story(PAST, RESET, *(sign_in_row("8 09:00", who, "s-other", OFFICE) for who in others)),
            cloudtrail("8 10:00", "ListBuckets", **key),
            cloudtrail("9 10:00", "ListBuckets", **key, source_ip=STOLEN),
        ]
    )
    assert (
        query(
            """select distinct split_part(split_part(thing_id, ':', 2), '@', 1), confidence from reach
        where thing_id like 'aws-key:%'"""
        )
        == tied
    )
