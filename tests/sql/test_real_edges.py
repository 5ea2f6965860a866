"""Trust edges over the real logs of Microsoft and Okta: they build, and each says why and belongs to a control domain."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.hunt import FAR_AHEAD, LONG_AGO, connect
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.models import build_models, models_before
from pipeline.score import shipped_parameters
from tests.conftest import NOW


@pytest.fixture(scope="module")
def real_edges(real_logs: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("real-lake")
    ingest(folder, [real_logs / name for name in ("azure", "m365", "okta")], NOW)
    con = connect(Lake.open(folder))
    Lake.open(folder).create_events_view(con)
    times = {
        "since": LONG_AGO,
        "until": FAR_AHEAD,
        "window": timedelta(hours=72),
        "look_back": timedelta(days=30),
    }
    build_models(con, {**shipped_parameters(), **times}, models_before("signals"))
    yield lambda sql: con.execute(sql).fetchall()
    con.close()


def test_every_edge_has_words_a_confidence_and_a_domain(real_edges) -> None:
    faulty = real_edges(
        """select edges.kind, edges.to_thing_id, edges.why from int_trust_edges as edges
        left join edge_domains on edges.kind = edge_domains.kind
        where edges.why is null or edges.why = '' or edges.event_id is null or edge_domains.control_domain is null
            or coalesce(edges.confidence <= 0 or edges.confidence > 1, true)"""
    )
    assert faulty == []


@pytest.mark.parametrize(
    ("kind", "action", "number"),
    [
        ("adds_secret", "Add service principal credentials", 1),
        ("adds_secret", "Update application - Certificates and secrets management", 1),
        ("grants", "Add app role assignment to service principal", 8),
        ("grants", "Consent to application", 3),
        ("grants", "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE", 3),
        ("diverts_mail", "New-InboxRule", 3),
        ("diverts_mail", "UpdateInboxRules", 2),
    ],
)
def test_acts_of_real_tenants_make_edges(real_edges, kind: str, action: str, number: int) -> None:
    found = real_edges(
        f"""select count(*) from int_trust_edges as edges
        inner join events on edges.source = events.source and edges.event_id = events.event_id
        where edges.kind = '{kind}' and events.action = '{action}'"""
    )
    assert found[0][0] >= number


def test_a_role_goes_to_whom_the_body_names_and_not_to_the_caller(real_edges) -> None:
    rows = real_edges(
        "select grantee_id, principal_id from int_granting_acts where action = 'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE'"
    )
    assert rows
    assert all(grantee and grantee != caller for grantee, caller in rows)
