"""Findings as OCSF Detection Findings (class 2004, https://schema.ocsf.io/1.5.0/classes/detection_finding).

One object per finding. What OCSF has no place for (points, reset, closing step) is under `unmapped`. OCSF asks for the
time a finding was made; ours is the time of its last event, because a result must not depend on when it was computed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow.compute as pc

from pipeline.report.result import Finding, Hunt, ScorePart, text_array
from pipeline.report.shapes import part_shape, reset_shape

SCHEMA_VERSION = "1.5.0"
EVIDENCE_LIMIT = (
    200  # a finding of 600 downloads is no better for 600 copies of one record; the timeline has them all
)

# (lowest score, severity_id, severity)
SEVERITIES = (
    (90, 5, "Critical"),
    (70, 4, "High"),
    (40, 3, "Medium"),
    (20, 2, "Low"),
    (0, 1, "Informational"),
)
Event = Mapping[str, Any]


def detection_findings(hunt: Hunt) -> list[dict[str, Any]]:
    """OCSF objects in the order of `hunt.findings`. Times are milliseconds since 1970, as OCSF has them."""
    events = _events_of_parts(hunt)
    return [_detection_finding(hunt, finding, events) for finding in hunt.findings]


def _detection_finding(hunt: Hunt, finding: Finding, events: Mapping[str, Event]) -> dict[str, Any]:
    parts = [
        part for part in hunt.score_parts if part.control_domain == finding.control_domain and part.event_id
    ]
    parts.sort(key=lambda part: (-part.points, part.occurred_at or datetime.min, part.part_id))
    severity_id, severity = next(
        (number, name) for floor, number, name in SEVERITIES if finding.score >= floor
    )
    titles = [hunt.detection_titles.get(name, name) for name in finding.detections]
    domain = finding.control_domain.replace("_", " ")
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200401,
        "type_name": "Detection Finding: Create",
        "time": _milliseconds(finding.last_at or hunt.reset.occurred_at),
        "start_time": _milliseconds(finding.first_at or hunt.reset.occurred_at),
        "end_time": _milliseconds(finding.last_at or hunt.reset.occurred_at),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "risk_score": finding.score,
        "is_alert": finding.score >= 40,
        "message": f"{domain}: {finding.signal_count} signals after the reset of {hunt.reset.person}",
        "metadata": {
            "version": SCHEMA_VERSION,
            "uid": f"{hunt.hunt_id}/{finding.control_domain}",
            "product": {
                "name": "postreset",
                "vendor_name": "postreset",
                "version": hunt.versions.get("postreset", ""),
            },
        },
        "finding_info": {
            "uid": f"{hunt.hunt_id}/{finding.control_domain}",
            "title": f"After the reset of {hunt.reset.person}: {domain}",
            "desc": "; ".join(titles),
            "types": [finding.control_domain],
            "analytic": {"type_id": 1, "type": "Rule", "name": "postreset", "uid": hunt.rule_set_hash},
            "related_analytics": [
                {"type_id": 1, "type": "Rule", "name": title, "uid": name, **_credit(hunt, name)}
                for name, title in zip(finding.detections, titles, strict=True)
            ],
            "related_events_count": finding.signal_count,
            "first_seen_time": _milliseconds(finding.first_at or hunt.reset.occurred_at),
            "last_seen_time": _milliseconds(finding.last_at or hunt.reset.occurred_at),
        },
        "evidences": [_evidence(part, events.get(_event_key(part), {})) for part in parts[:EVIDENCE_LIMIT]],
        **({"remediation": {"desc": finding.close_when}} if finding.close_when else {}),
        "unmapped": {
            "control_domain": finding.control_domain,
            "owner": finding.owner,
            "points": finding.points,
            "score_parts": [part_shape(part) for part in parts[:EVIDENCE_LIMIT]],
            "evidence_left_out_count": max(0, len(parts) - EVIDENCE_LIMIT),
            "reset": reset_shape(hunt.reset),
            "hunt": {"hunt_id": hunt.hunt_id, "score": hunt.score, "verdict": hunt.verdict},
        },
    }


def _credit(hunt: Hunt, name: str) -> dict[str, str]:
    """Whose rule it is, where it is not ours."""
    return {"desc": hunt.detection_credits[name]} if name in hunt.detection_credits else {}


def _evidence(part: ScorePart, event: Event) -> dict[str, Any]:
    evidence: dict[str, Any] = {
        "uid": part.event_id,
        "name": part.detection or part.part_id,
        "data": {"source": part.source, "tenant_id": part.tenant_id, "reason": part.reason},
    }
    if event.get("principal_name") or event.get("principal_id"):
        user = {"name": event.get("principal_name"), "uid": event.get("principal_id")}
        evidence["actor"] = {"user": {key: value for key, value in user.items() if value}}
    if event.get("action"):
        evidence["api"] = {"operation": event["action"]}
    if event.get("source_ip"):
        evidence["src_endpoint"] = {"ip": event["source_ip"]}
    if event.get("target_id"):
        evidence["resources"] = [{"uid": event["target_id"]}]
    return evidence


def _events_of_parts(hunt: Hunt) -> dict[str, Event]:
    wanted = text_array(part.event_id for part in hunt.score_parts if part.event_id)
    rows = hunt.timeline.filter(pc.field("event_id").isin(wanted)).to_pylist()
    return {f"{row['source']}/{row['tenant_id']}/{row['event_id']}": row for row in rows}


def _event_key(part: ScorePart) -> str:
    return f"{part.source}/{part.tenant_id}/{part.event_id}"


def _milliseconds(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp() * 1000)
