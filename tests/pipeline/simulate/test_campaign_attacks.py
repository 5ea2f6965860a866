from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.simulate.audit_parts import by_person
from pipeline.simulate.campaign import attacks
from pipeline.simulate.campaign.raids import Raid
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.campaign.writing import CampaignPlan, write_campaign
from pipeline.simulate.estate import GRAPH, OFFICE_HOME

PLAN = CampaignPlan(attack_count=3, benign_count=6, size=24, baseline_days=2, days=5)


def perform(stage: Stage) -> None:
    """A reset by the desk and one sign-in from the attacker's host."""
    world, origin = stage.world, stage.origins[0]
    desk = by_person(stage.help_desk, "192.0.2.10")
    events = world.audit.password_reset(desk, stage.victim, stage.reset_at, has_cut_off=True)
    thing_id = f"entra-user:{stage.victim.object_id}"
    stage.tell("help_desk_reset", thing_id, origin, events, "The desk believes the caller.")
    signed_in = world.signins.user(
        stage.victim, stage.after(stage.reset_at), origin.network, origin.address, stage.victim.laptop, "session",
        OFFICE_HOME, GRAPH, is_interactive=True,
    )  # fmt: skip
    stage.tell("sign_in", "entra-session:session", origin, [signed_in.ref], "From elsewhere.")


def raid(scenario: str, *needs: str) -> Raid:
    return Raid(scenario, "for a test", perform, frozenset(needs))


@pytest.fixture
def raids(monkeypatch: pytest.MonkeyPatch) -> dict[str, Raid]:
    known = {
        "S1": raid("S1"),
        "S2": raid("S2", "okta"),
        "S6/own": raid("S6", "iam_user", "platform", "developer"),
    }
    monkeypatch.setattr(attacks, "RAIDS", known)
    return known


def test_attacks_are_told_with_their_own_steps(tmp_path: Path, raids: dict[str, Raid]):
    truth = write_campaign(tmp_path / "logs", 20, PLAN)
    assert len(truth.attacks) == 3
    assert len({attack.who for attack in truth.attacks}) == 3
    assert not {attack.who for attack in truth.attacks} & {reset.who for reset in truth.benign}
    for attack in truth.attacks:
        assert [step.name for step in attack.steps] == ["help_desk_reset", "sign_in"]
        assert attack.occurred_at == attack.steps[0].events[0].occurred_at
        assert raids[attack.kind].scenario == attack.scenario
    kept = [reset for reset in json.loads(truth.expected.read_text())["resets"] if reset["is_attack"]]
    assert [len(reset["steps"]) for reset in kept] == [2, 2, 2]
    assert all(reset["steps"][1]["events"][0]["id_field"] == "properties.id" for reset in kept)


def test_the_unified_audit_logs_twins_belong_to_the_steps(tmp_path: Path, raids: dict[str, Raid]):
    truth = write_campaign(tmp_path / "logs", 2, PLAN)  # an organisation that keeps this log
    assert truth.traits["has_office_logs"]
    for attack in truth.attacks:
        for step in attack.steps:
            assert {"m365_audit"} < {ref.source for ref in step.events}


def test_attackers_come_through_the_victims_provider_where_that_is_asked(
    tmp_path: Path, raids: dict[str, Raid]
):
    truth = write_campaign(tmp_path / "logs", 20, replace(PLAN, same_network=True))
    far = write_campaign(tmp_path / "far" / "logs", 20, PLAN)
    for near_attack, far_attack in zip(truth.attacks, far.attacks, strict=True):
        assert near_attack.who == far_attack.who
        network = near_attack.steps[1].origin.network
        assert network.name == "residential proxy"
        assert far_attack.steps[1].origin.network.asn != network.asn


def test_the_scenarios_asked_for_are_those_written(tmp_path: Path, raids: dict[str, Raid]):
    truth = write_campaign(tmp_path / "logs", 20, replace(PLAN, scenarios=("S2",)))
    assert truth.traits["has_okta"]
    assert {attack.scenario for attack in truth.attacks} == {"S2"}


def test_no_attack_where_nothing_of_it_is_possible(tmp_path: Path, raids: dict[str, Raid]):
    raids["S6/own"] = raid("S6", "no such job")
    truth = write_campaign(tmp_path / "logs", 20, replace(PLAN, scenarios=("S6",)))
    assert truth.attacks == ()


def test_events_name_the_reset_or_the_attack_they_belong_to(tmp_path: Path, raids: dict[str, Raid]):
    truth = write_campaign(tmp_path / "logs", 20, PLAN)
    for reset in truth.resets:
        assert truth.known_by([ref.event_id for ref in reset.events]) is reset
    attack = truth.attacks[1]
    assert truth.known_by([attack.steps[1].events[0].event_id]) is attack
    assert truth.known_by(["nobody's"]) is None
