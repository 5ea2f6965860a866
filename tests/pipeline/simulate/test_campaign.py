from __future__ import annotations

import gzip
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.hunt import list_resets
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.simulate.campaign.benign import KINDS, plan_benign
from pipeline.simulate.campaign.benign_entra import ONBOARDING
from pipeline.simulate.campaign.benign_work import WORKS
from pipeline.simulate.campaign.calendar import make_period
from pipeline.simulate.campaign.organisation import Organisation, found
from pipeline.simulate.campaign.truth import CampaignTruth, KnownReset
from pipeline.simulate.campaign.writing import CampaignPlan, write_campaign

SMALL = CampaignPlan(attack_count=0, benign_count=24, size=26, baseline_days=8, days=9)
WITH_OKTA, WITH_ONBOARDING, PLAIN = 18, 12, 25  # seeds


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def founded(seed: int, size: int = 40) -> Organisation:
    return found(seed, size, make_period(seed, 30, 14))


def ids_of(organisation: Organisation) -> set[str]:
    """Everything that must be an organisation's own."""
    estate = organisation.world.estate
    ids = {estate.tenant_id, estate.subscription_id, estate.organization_id, estate.name, estate.domain}
    ids |= {estate.platform_account, estate.data_account, estate.storage_account, estate.key_vault}
    ids |= {estate.name_qualifier, estate.saml_provider, *estate.identity_center_ids.values()}
    for person in organisation.people:
        ids |= {person.upn, person.object_id, person.laptop.device_id, person.phone.device_id}
    for role in estate.roles.values():
        ids |= {role.role_id, role.arn}
    for user in (*estate.users.values(), *estate.own_users.values()):
        ids |= {user.user_id, user.access_key_id or user.arn}
    for principal in estate.principals.values():
        ids |= {principal.app_id, principal.object_id, principal.credential_key_id}
    return ids


@pytest.fixture(scope="module", params=[WITH_OKTA, WITH_ONBOARDING, PLAIN])
def campaign(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CampaignTruth:
    return write_campaign(tmp_path_factory.mktemp("campaign") / "logs", request.param, SMALL)


@pytest.fixture(scope="module")
def resets_found(campaign: CampaignTruth, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("lake")
    summary = ingest(folder, [campaign.out], now=datetime(2026, 11, 24))
    assert summary.total.quarantined == 0
    assert summary.total.records == sum(campaign.record_counts.values())
    return list_resets(Lake.open(folder))


def is_found(known: KnownReset, row: dict[str, Any]) -> bool:
    at = datetime.fromisoformat(str(row["occurred_at"]).rstrip("Z")).replace(tzinfo=UTC)
    is_named = known.principal_id.lower() in row["principal_ids"] or known.who == row["person"]
    return is_named and abs(at - known.occurred_at) < timedelta(seconds=2)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path):
    plan = replace(SMALL, benign_count=8, baseline_days=2, days=4)
    ours, again = (write_campaign(tmp_path / name / "logs", 11, plan) for name in ("a", "b"))
    assert contents(ours.out) == contents(again.out)
    assert ours.expected.read_bytes() == again.expected.read_bytes()
    other = write_campaign(tmp_path / "c" / "logs", 12, plan)
    assert not set(contents(ours.out).values()) & set(contents(other.out).values())


def test_no_two_organisations_share_an_id():
    taken: set[str] = set()
    for seed in range(1, 21):
        ids = ids_of(founded(seed))
        assert not ids & taken
        taken |= ids


def test_organisations_differ_in_what_they_have():
    organisations = [founded(seed, size=12) for seed in range(1, 61)]
    for trait in (
        "has_okta",
        "has_office_logs",
        "has_graph_logs",
        "has_risk_logs",
        "has_shared_egress",
        "has_busy_desk",
        "has_onboarding",
    ):
        share = sum(getattr(organisation.traits, trait) for organisation in organisations) / len(
            organisations
        )
        assert 0.1 < share < 0.85, trait
    assert len({organisation.period.first_day for organisation in organisations}) > 20
    assert {organisation.addresses.country for organisation in organisations} == {
        "DE",
        "NL",
        "GB",
        "SE",
        "US",
        "PL",
    }


def test_every_benign_reset_is_found_as_it_was_planned(
    campaign: CampaignTruth, resets_found: list[dict[str, Any]]
):
    for known in campaign.benign:
        rows = [row for row in resets_found if is_found(known, row)]
        assert len(rows) == 1, known
        assert rows[0]["kinds"] == list(known.kinds), known.kind
        assert rows[0]["by_somebody_else"] == known.by_somebody_else, known.kind
        # what Entra and the unified audit log both tell may stand under either
        assert rows[0]["provider"] in {
            known.provider,
            "m365" if known.provider == "azure" else known.provider,
        }
        if known.performed_by:
            assert rows[0]["performed_by"] == known.performed_by, known.kind


def test_there_are_no_resets_but_those_told(campaign: CampaignTruth, resets_found: list[dict[str, Any]]):
    untold = [row for row in resets_found if not any(is_found(known, row) for known in campaign.resets)]
    assert untold == []
    assert len(resets_found) == len(campaign.resets) == SMALL.benign_count


def test_the_truth_is_kept_beside_the_logs(campaign: CampaignTruth):
    kept = json.loads(campaign.expected.read_text())
    assert len(kept["resets"]) == len(campaign.resets)
    assert kept["record_counts"] == campaign.record_counts
    assert all(campaign.resets_begin_at <= reset.occurred_at < campaign.ends_at for reset in campaign.resets)
    assert [reset["is_attack"] for reset in kept["resets"]] == [False] * SMALL.benign_count


def test_a_left_out_source_is_not_written(tmp_path: Path):
    plan = replace(
        SMALL, benign_count=4, baseline_days=1, days=3, left_out_sources=frozenset({"aws_cloudtrail"})
    )
    truth = write_campaign(tmp_path / "logs", PLAIN, plan)
    assert "aws_cloudtrail" not in truth.record_counts
    assert not list(truth.out.glob("*-trail"))


def test_busy_automation_works_all_day(tmp_path: Path):
    plan = replace(SMALL, benign_count=2, baseline_days=4, days=5)
    calm = write_campaign(tmp_path / "calm" / "logs", PLAIN, plan)
    busy = write_campaign(tmp_path / "busy" / "logs", PLAIN, replace(plan, busy_automation=True))
    source = "entra_signin_service_principal"
    assert busy.record_counts[source] > 2 * calm.record_counts[source]
    assert [reset.who for reset in busy.resets] == [reset.who for reset in calm.resets]


def test_a_folder_with_files_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="not empty"):
        write_campaign(tmp_path, 1, SMALL)


def test_all_kinds_and_twins_occur_somewhere():
    kinds, works = set(), set()
    for seed in range(1, 80):
        organisation = founded(seed)
        for plan in plan_benign(organisation, 50, [], Random(seed)):
            kinds.add(plan.kind.name)
            works.add(plan.work.name if plan.work else "")
    assert kinds == {kind.name for kind in (*KINDS, ONBOARDING)}
    assert works == {work.name for work in WORKS} | {""}


def test_nobody_has_two_resets_at_a_time_and_one_in_ten_has_work_after_it():
    plans = []
    for seed in range(1, 31):
        own = plan_benign(founded(seed), 50, [], Random(seed))
        assert len(own) == 50, seed
        for login in {plan.person.login for plan in own}:
            times = sorted(plan.at for plan in own if plan.person.login == login)
            assert all(b - a >= timedelta(days=2) for a, b in itertools.pairwise(times))
        plans += own
    assert 0.06 < sum(plan.work is not None for plan in plans) / len(plans) < 0.14


def test_no_victim_has_an_ordinary_reset():
    organisation = founded(5)
    victims = [person.login for person in organisation.people[:6]]
    assert not {plan.person.login for plan in plan_benign(organisation, 50, victims, Random(5))} & set(
        victims
    )


def test_files_are_of_the_vendors_layout(campaign: CampaignTruth):
    for path in campaign.out.rglob("*.json.gz"):
        assert gzip.decompress(path.read_bytes())
    tops = {path.name for path in campaign.out.iterdir()}
    assert {"organization-trail", "account-trail", "diagnostics"} <= tops
