"""Sentences from facts, the chain in order, and a score that adds up."""

import math
from dataclasses import replace
from datetime import datetime

import pytest

from pipeline.report import narrative
from pipeline.report.chain import chain
from pipeline.report.explain import score_table, score_without, score_without_parts
from pipeline.report.result import PRIOR, Hunt, Reached, Reset, ScorePart
from pipeline.score import score_of


def test_a_reset_by_the_help_desk(alice_hunt: Hunt) -> None:
    assert narrative.reset_sentence(alice_hunt.reset) == (
        "Alice Adams (alice@example.com): password and MFA method reset by helpdesk.hank@example.com, somebody else, "
        "from 203.0.113.9."
    )


def test_a_reset_by_the_person(bob_hunt: Hunt) -> None:
    sentence = narrative.reset_sentence(bob_hunt.reset)
    assert (
        sentence
        == "bob@example.com: MFA method reset by bob@example.com, the person themselves, from 203.0.113.40."
    )


def test_a_reset_by_nobody_named(alice_hunt: Hunt) -> None:
    reset = replace(
        alice_hunt.reset, performed_by=None, performed_by_id=None, by_somebody_else=None, performed_from=None
    )
    assert (
        narrative.performer_words(reset) == "an unnamed principal, not known whether that is the same person"
    )


def test_cut_off(alice_hunt: Hunt, bob_hunt: Hunt) -> None:
    assert "2 h 11 min after the reset" in narrative.cut_off_sentence(alice_hunt.reset)
    assert narrative.cut_off_sentence(bob_hunt.reset).startswith("No token cut-off")


def test_reach_in_words(alice_hunt: Hunt, bob_hunt: Hunt) -> None:
    sentence = narrative.reach_sentence(alice_hunt)
    assert sentence.startswith("6 secrets, 2 Entra sessions, ")
    assert (
        "in 3 tenants or accounts, up to 5 steps away, the last one 1 h 35 min after the reset." in sentence
    )
    assert sentence.endswith("1 of them is from before the reset and still used.")
    assert narrative.reach_sentence(bob_hunt) == "1 Entra session, 5 min after the reset."
    assert narrative.reach_sentence(replace(bob_hunt, reach=())).startswith("Nothing was reached")


def test_the_chain_tells_the_attack_in_order(alice_hunt: Hunt) -> None:
    steps = chain(alice_hunt)
    assert steps[0].is_reset
    assert [step.event_ids[0] for step in steps] == [
        "reset-password", "sign-in", "mfa-registered", "secret-added", "role-granted", "app-sign-in", "secret-get-0",
        "key-used", "assume-role", "get-object-00000", "snapshot-shared",
    ]  # fmt: skip
    assert [step.count for step in steps if "secret-get-0" in step.event_ids] == [6]
    assert next(step.sentence for step in steps if "key-used" in step.event_ids).startswith(
        "Access key of payroll-exporter"
    )
    added = next(step for step in steps if "secret-added" in step.event_ids)
    assert (added.sentence, added.reason[:12]) == (
        "alice@example.com: secret added to payroll-sync",
        "Secret added",
    )


def test_a_short_chain_keeps_the_way_to_the_weightiest_step(alice_hunt: Hunt) -> None:
    steps = chain(alice_hunt, limit=5)
    assert [step.event_ids[0] for step in steps] == [
        "reset-password",
        "sign-in",
        "secret-added",
        "secret-get-0",
        "assume-role",
    ]


def test_the_chain_of_an_empty_hunt(bob_hunt: Hunt) -> None:
    assert chain(replace(bob_hunt, timeline=bob_hunt.timeline.slice(0, 0))) == ()


def test_givers_come_from_the_path(alice_hunt: Hunt) -> None:
    given = narrative.givers(alice_hunt.reach)
    names = {reached.thing_id: reached.kind for reached in alice_hunt.reach}
    kinds = {names[thing]: names[giver] for thing, giver in given.items()}
    assert kinds == {
        "sp_credential": "entra_session", "entra_sp": "entra_session", "aws_key": "secret", "temporary_key": "aws_key",
        "aws_session": "aws_key", "storage_key": "sp_credential", "secret": "sp_credential", "foreign_account": "temporary_key",
    }  # fmt: skip


def test_givers_survive_a_circle(alice_hunt: Hunt) -> None:
    first, second = alice_hunt.reach[0], alice_hunt.reach[1]
    circle = (replace(first, from_thing_id=second.thing_id), replace(second, from_thing_id=first.thing_id))
    assert len(narrative.givers(circle)) == 2


@pytest.mark.parametrize(
    ("words", "listed"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_and_list(words: list[str], listed: str) -> None:
    assert narrative.and_list(words) == listed


def test_counted() -> None:
    assert narrative.counted(1, "key") == "1 key"
    assert narrative.counted(1200, "key") == "1,200 keys"
    assert narrative.counted(2, "identity") == "2 identities"


def test_from_row_takes_lists_and_leaves_unknown_columns(alice_hunt: Hunt) -> None:
    reached = alice_hunt.reach[0]
    row = {name: getattr(reached, name) for name in Reached.__dataclass_fields__} | {
        "path": ["x"],
        "reset_id": "r",
    }
    assert Reached.from_row(row) == replace(reached, path=("x",))
    with pytest.raises(TypeError):
        Reset.from_row({"reset_id": "r"})


def test_the_table_adds_up(alice_hunt: Hunt) -> None:
    table = score_table(alice_hunt)
    assert table.adds_up
    assert table.parts[0].is_prior
    assert math.isclose(table.parts[-1].after, alice_hunt.log_odds)
    assert [
        part.count for part in table.parts if part.detection == "key_vault_secrets_read_after_secret_added"
    ] == [6]


def test_many_parts_are_folded_and_still_add_up(alice_hunt: Hunt) -> None:
    extra = tuple(
        ScorePart(
            part_id=f"x{index}",
            control_domain="secrets",
            detection=None,
            points=0.01,
            reason=f"reason {index}",
        )
        for index in range(200)
    )
    hunt = replace(alice_hunt, score_parts=alice_hunt.score_parts + extra, log_odds=alice_hunt.log_odds + 2)
    table = score_table(hunt)
    assert table.adds_up
    assert len(table.parts) == 17
    assert math.isclose(table.parts[-1].after, hunt.log_odds)


def test_a_sum_that_does_not_meet_the_score_is_told(alice_hunt: Hunt) -> None:
    assert not score_table(replace(alice_hunt, log_odds=alice_hunt.log_odds + 1)).adds_up


def test_what_the_score_would_be_without_a_finding(alice_hunt: Hunt) -> None:
    heaviest = max(alice_hunt.findings, key=lambda finding: finding.points)
    without = score_without(alice_hunt, heaviest)
    assert without is not None and without <= alice_hunt.score
    assert score_without(replace(alice_hunt, score=50), heaviest) is None


def test_without_one_of_several_the_next_counts_more(alice_hunt: Hunt) -> None:
    def part(number: int, once: float) -> ScorePart:
        return ScorePart(
            part_id=f"p{number}",
            control_domain="secrets",
            detection="reads",
            occurred_at=datetime(2026, 3, 2, 10),
            points_once=once,
            points=once * number**-1.5,
            repetition=number**-1.5,
            reason="read",
        )

    prior = next(part for part in alice_hunt.score_parts if part.part_id == PRIOR)
    reads = [part(1, 3.0), part(2, 3.0), part(3, 1.0)]
    total = -4 + sum(part.points for part in reads)
    hunt = replace(alice_hunt, score_parts=(prior, *reads), log_odds=total, score=score_of(total))
    assert score_without_parts(hunt, [reads[0]]) == score_of(-4 + 3.0 + 1.0 * 2**-1.5)
    assert score_without_parts(hunt, reads) == 0
    assert score_without_parts(replace(hunt, score=99), reads) is None
