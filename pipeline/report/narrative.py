"""Sentences from facts, and the chain of steps that tells the hunt in order. Every view says the same words.

Text comes back as logged; each view makes it harmless in its own way (`text.visible`, autoescape).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pyarrow.compute as pc

from pipeline.report.result import Hunt, Reached, Reset, timeline_table
from pipeline.report.text import clock, span

VERDICT_WORDS = {
    "likely_takeover": "likely takeover",
    "suspicious": "suspicious",
    "unclear": "unclear",
    "likely_benign": "likely benign",
}
DOMAIN_WORDS = {
    "help_desk": "help desk",
    "sessions": "sessions",
    "entitlements": "entitlements",
    "non_human_identities": "non-human identities",
    "secrets": "secrets",
    "data_access": "data access",
}
RESET_KIND_WORDS = {
    "password": "password",
    "mfa_method": "MFA method",
    "temporary_access_pass": "temporary access pass",
    "device": "device",
}
# A noun ends in a word that takes an s; what is not here is the kind with its underscores out.
THING_WORDS = {
    "entra_session": "Entra session",
    "aws_session": "AWS session",
    "aws_key": "AWS key",
    "access_key": "access key",
    "temporary_key": "temporary key",
    "sp_credential": "app secret",
    "service_principal_key": "app secret",
    "storage_key": "storage key",
    "entra_user": "Entra user",
    "entra_sp": "service principal",
    "aws_principal": "AWS principal",
}


STEP_ROW_LIMIT = 5_000


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the chain: the first of `count` like events on one thing, with their points together."""

    occurred_at: datetime
    sentence: str
    control_domain: str | None
    points: float
    count: int
    event_id: str
    source: str
    thing_id: str | None
    source_ip: str | None
    is_reset: bool


def verdict_words(verdict: str) -> str:
    return VERDICT_WORDS.get(verdict, verdict.replace("_", " "))


def domain_words(control_domain: str | None) -> str:
    return DOMAIN_WORDS.get(control_domain or "", (control_domain or "").replace("_", " "))


def kinds_words(kinds: Iterable[str]) -> str:
    return and_list([RESET_KIND_WORDS.get(kind, kind.replace("_", " ")) for kind in kinds]) or "credential"


def thing_words(kind: str) -> str:
    return THING_WORDS.get(kind, kind.replace("_", " ").replace("-", " "))


def person_name(reset: Reset) -> str:
    """`Alice Adams (alice@example.com)`, or the one of them that is known."""
    login = next((name for name in reset.principal_names if name.lower() != reset.person.lower()), None)
    return f"{reset.person} ({login})" if login else reset.person


def performer_words(reset: Reset) -> str:
    """`helpdesk.hank@example.com, somebody else, from 203.0.113.9`."""
    who = reset.performed_by or reset.performed_by_id or "an unnamed principal"
    if reset.by_somebody_else is None:
        relation = ", not known whether that is the same person"
    else:
        relation = ", somebody else" if reset.by_somebody_else else ", the person themselves"
    return who + relation + (f", from {reset.performed_from}" if reset.performed_from else "")


def reset_sentence(reset: Reset) -> str:
    return f"{person_name(reset)}: {kinds_words(reset.kinds)} reset by {performer_words(reset)}."


def cut_off_sentence(reset: Reset) -> str:
    if reset.cut_off_at is None:
        return "No cut-off of older sessions is logged: what was issued before the reset kept working until it ran out."
    later = reset.cut_off_at - reset.occurred_at
    when = f"{span(later)} {'after' if later.total_seconds() >= 0 else 'before'} the reset"
    return f"Older sessions were cut off at {clock(reset.cut_off_at)} UTC, {when}."


def reach_sentence(hunt: Hunt) -> str:
    """How far it reached: how many things of which kind, how deep, how long, and how many were there before the reset."""
    if not hunt.reach:
        return "Nothing was reached: no session, key or role was used by this person in the window."
    kinds = Counter(thing_words(reached.kind) for reached in hunt.reach)
    listed = and_list(
        [counted(count, kind) for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))]
    )
    depth = max(reached.depth for reached in hunt.reach)
    last = max(reached.first_reached_at for reached in hunt.reach)
    residual = sum(reached.seed == "residual" for reached in hunt.reach)
    tenants = len(hunt.timeline["tenant_id"].unique().drop_null())
    where = f", in {tenants} tenants or accounts" if tenants > 1 else ""
    far = f", up to {counted(depth, 'step')} away" if depth else ""
    when = f", {'the last one ' if len(hunt.reach) > 1 else ''}{span(last - hunt.reset.occurred_at)} after the reset"
    older = (
        f" {residual:,} of them {'is' if residual == 1 else 'are'} from before the reset and still used."
        if residual
        else ""
    )
    return f"{listed}{where}{far}{when}.{older}"


def thing_names(hunt: Hunt) -> dict[str, str]:
    """thing_id → the name to show: its own, else who the logs say used it, else the id without its prefix."""
    named = hunt.timeline.select(["thing_id", "principal_name"]).drop_null()
    used_by = named.group_by("thing_id", use_threads=False).aggregate([("principal_name", "first")])
    users = dict(
        zip(used_by["thing_id"].to_pylist(), used_by["principal_name_first"].to_pylist(), strict=True)
    )
    return {
        reached.thing_id: reached.name or users.get(reached.thing_id) or short_id(reached.thing_id)
        for reached in hunt.reach
    }


def short_id(thing_id: str) -> str:
    """`aws-key:ASIA…` → `ASIA…`: the kind is said elsewhere."""
    prefix, colon, rest = thing_id.partition(":")
    return rest if colon and rest and prefix.replace("-", "").isalpha() else thing_id


def givers(reach: Iterable[Reached]) -> dict[str, str]:
    """thing_id → the thing it came from: the named one, else the one whose path is the longest start of its path."""
    things = tuple(reach)
    by_path = {
        thing.path: thing.thing_id for thing in sorted(things, key=lambda thing: thing.thing_id, reverse=True)
    }
    known = {thing.thing_id for thing in things}
    found: dict[str, str] = {}
    for thing in things:
        if thing.from_thing_id in known:
            found[thing.thing_id] = str(thing.from_thing_id)
            continue
        for length in range(len(thing.path) - 1, 0, -1):
            giver = by_path.get(thing.path[:length])
            if giver and giver != thing.thing_id:
                found[thing.thing_id] = giver
                break
    return found


def chain(hunt: Hunt, limit: int = 12) -> tuple[Step, ...]:
    """The steps that matter, in order of time: the reset, then the paths to the things with most points and the best
    events on them. Like events on one thing are one step."""
    rows = _steps(hunt)
    if not rows:
        return ()
    points: defaultdict[str, float] = defaultdict(float)
    for step in rows:
        points[step.thing_id or ""] += step.points
    by_event: dict[str, Step] = {}
    for step in rows:
        by_event.setdefault(step.event_id, step)
    paths = {reached.thing_id: reached.path for reached in hunt.reach}
    chosen: dict[str, Step] = {step.event_id: step for step in rows if step.is_reset}
    for step in sorted(rows, key=lambda row: (-row.points, row.occurred_at, row.event_id)):
        wanted = [by_event[event] for event in paths.get(step.thing_id or "", ()) if event in by_event]
        for candidate in (*wanted, step):
            if len(chosen) < limit:
                chosen.setdefault(candidate.event_id, candidate)
    return tuple(
        sorted(chosen.values(), key=lambda step: (step.occurred_at, not step.is_reset, step.event_id))
    )


def chain_event_ids(hunt: Hunt) -> set[str]:
    """The events of the reset and of all paths from it."""
    return set(hunt.reset.event_ids).union(*(reached.path for reached in hunt.reach))


def and_list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 session`, `2 sessions`, `1,200 keys`."""
    return f"{count:,} {noun if count == 1 else plural or _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else noun + "s"


def _steps(hunt: Hunt) -> list[Step]:
    """Rows with points, on a path, or of the reset; like ones of one thing folded. At most a few thousand are looked at."""
    timeline = hunt.timeline
    reset_ids = set(hunt.reset.event_ids)
    in_chain = pc.field("event_id").isin(sorted(chain_event_ids(hunt)))
    rows = timeline.filter(in_chain | (pc.field("points") > 0))
    if rows.num_rows > STEP_ROW_LIMIT:
        rows = rows.sort_by([("points", "descending")]).slice(0, STEP_ROW_LIMIT)
        rows = timeline_table(rows)
    folded: dict[tuple[object, ...], Step] = {}
    for row in rows.to_pylist():
        is_reset = row["event_id"] in reset_ids
        key = (
            ("reset",)
            if is_reset
            else (row["thing_id"], row["action"], row["control_domain"], row["why"] or "")
        )
        known = folded.get(key)
        gained = row["points"] or 0.0
        if known:
            folded[key] = _more(known, gained)
            continue
        sentence = f"{reset_sentence(hunt.reset)[:-1]}" if is_reset else row["why"] or _plain_sentence(row)
        folded[key] = Step(
            row["occurred_at"], sentence, row["control_domain"], gained, 1, row["event_id"], row["source"],
            row["thing_id"], row["source_ip"], is_reset,
        )  # fmt: skip
    return list(folded.values())


def _more(step: Step, points: float) -> Step:
    return Step(
        step.occurred_at, step.sentence, step.control_domain, step.points + points, step.count + 1, step.event_id,
        step.source, step.thing_id, step.source_ip, step.is_reset,
    )  # fmt: skip


def _plain_sentence(row: dict[str, str | None]) -> str:
    who = row["principal_name"] or row["principal_id"] or "somebody"
    return f"{who}: {row['action'] or 'event'}" + (f" on {row['target_id']}" if row["target_id"] else "")
