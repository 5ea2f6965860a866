"""Sentences from facts. Every view says the same words.

Text comes back as logged; each view makes it harmless in its own way (`text.visible`, autoescape).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.report.result import Hunt, Reached, Reset
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
    "app_password": "application password",
    "service_credential": "service credential",
    "account": "account",
}
FOLLOWED_WORDS = {
    "unused": "never used since",
    "used_by_known_automation": "used from where that identity ran before",
    "used_from_reached_network": "used from a network that was reached",
    "used_from_within_the_cloud": "used by the cloud's own services",
    "used_elsewhere": "used from elsewhere",
}
# What a kind of thing is called, where the plain kind with its underscores out would not do.
THING_WORDS = {
    "sign_in_session": "sign-in session",
    "entra_session": "Entra session",
    "aws_session": "AWS session",
    "aws_key": "AWS key",
    "service_principal_key": "app secret",
    "sp_credential": "app secret",
    "service_principal_key_use": "use of an app secret",
    "access_key_use": "use of an access key",
    "api_token": "API token",
    "api_token_use": "use of an API token",
    "okta_user": "Okta user",
    "storage_keys": "set of storage keys",
    "storage_key_use": "use of a storage key",
    "entra_user": "Entra user",
    "entra_sp": "service principal",
    "aws_principal": "AWS principal",
    "principal": "act without a session",
}


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
    if reset.is_help_desk:
        relation += f", a help desk ({reset.help_desk_reason})"
    if reset.on_premises_agent:
        relation += f", by way of the directory on premises ({reset.on_premises_agent})"
    return who + relation + (f", from {reset.performed_from}" if reset.performed_from else "")


def reset_sentence(reset: Reset) -> str:
    return f"{person_name(reset)}: {kinds_words(reset.kinds)} reset by {performer_words(reset)}."


def cut_off_sentence(reset: Reset) -> str:
    if reset.cut_off_at is None:
        return (
            "No token cut-off is logged: what was issued before the reset kept working until it ran out."
            + alive_sentence(reset)
        )
    later = reset.cut_off_at - reset.occurred_at
    side = "after" if later.total_seconds() >= 0 else "before"
    when = f"{span(later)} {side} the reset" if abs(later.total_seconds()) >= 1 else "with the reset"
    # a promise of the directory, no proof: access tokens and applications' own sessions live on
    return f"Refresh tokens from before {clock(reset.cut_off_at)} UTC are refused ({when}).{alive_sentence(reset)}"


def alive_sentence(reset: Reset) -> str:
    """What no change of this reset ended, and what the log cannot tell; with a space before it, or empty."""
    sentences = []
    if reset.still_alive:
        sentences.append(f" Still valid: {and_list(list(reset.still_alive))}.")
    if reset.may_be_alive:
        sentences.append(f" The log does not tell whether these are: {and_list(list(reset.may_be_alive))}.")
    return "".join(sentences)


def followed_sentence(hunt: Hunt) -> str:
    """What became of what was made, the worst first; empty where nothing was made."""
    verdicts = Counter(followed.verdict for followed in hunt.followed_identities)
    if not verdicts:
        return ""
    order = (
        "used_from_reached_network",
        "used_elsewhere",
        "used_from_within_the_cloud",
        "used_by_known_automation",
        "unused",
    )
    told = [f"{verdicts[name]:,} {FOLLOWED_WORDS[name]}" for name in order if verdicts[name]]
    made = counted(
        len(hunt.followed_identities),
        "credential, principal or consent",
        "credentials, principals or consents",
    )
    return f"{made} made by what was reached: {', '.join(told)}, up to the end of the logs."


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
    own = {identifier.lower(): hunt.reset.person for identifier in hunt.reset.principal_ids}
    return {
        reached.thing_id: reached.name
        or users.get(reached.thing_id)
        or own.get(short_id(reached.thing_id).lower())
        or short_id(reached.thing_id)
        for reached in hunt.reach
    }


def short_id(thing_id: str) -> str:
    """`aws-key:ASIA…` → `ASIA…`, because the kind is said elsewhere; the address of a secret → `vault/secret`."""
    prefix, colon, rest = thing_id.partition(":")
    bare = rest if colon and rest and prefix.replace("-", "").isalpha() else thing_id
    return bare.removeprefix("https://").replace(".vault.azure.net/secrets/", "/")


def givers(reach: Iterable[Reached]) -> dict[str, str]:
    """thing_id → the thing it came from: the named one, else the last thing before it on its path."""
    things = sorted(reach, key=lambda thing: (thing.depth, thing.first_reached_at, thing.thing_id))
    known = {thing.thing_id for thing in things}
    by_path: dict[tuple[str, ...], list[Reached]] = defaultdict(list)
    for thing in things:
        by_path[thing.path].append(thing)
    found: dict[str, str] = {}
    for thing in things:
        if thing.from_thing_id in known:
            found[thing.thing_id] = str(thing.from_thing_id)
            continue
        # A secret and the key inside it come from one event: the shallower gave the deeper, the deeper went on.
        for length in range(len(thing.path), 0, -1):
            before = [other for other in by_path.get(thing.path[:length], ()) if other.depth < thing.depth]
            if before:
                found[thing.thing_id] = before[-1].thing_id
                break
    return found


def chain_event_ids(hunt: Hunt) -> set[str]:
    """The events of the reset and of all paths from it."""
    return set(hunt.reset.event_ids).union(*(reached.path for reached in hunt.reach))


def and_list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 session`, `2 sessions`, `1,200 keys`."""
    return f"{count:,} {noun if count == 1 else plural or _plural(noun)}"


def _plural(noun: str) -> str:
    head, of, rest = noun.partition(" of ")
    if of:
        return _plural(head) + of + rest
    head, without, rest = noun.partition(" without ")
    if without:
        return _plural(head) + without + rest
    if noun.endswith(("s", "x", "ch")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else noun + "s"


def plain_sentence(row: Mapping[str, Any]) -> str:
    """`alice@example.com: Sign-in activity on Office 365`."""
    who = row["principal_name"] or row["principal_id"] or "somebody"
    return f"{who}: {row['action'] or 'event'}" + (f" on {row['target_id']}" if row["target_id"] else "")


def band_sentence(hunt: Hunt) -> str:
    """How far the score could be off, and why; empty where nothing speaks for it."""
    hidden = [part for part in hunt.score_band if part.kind == "hidden"]
    doubtful = sum(part.points for part in hunt.score_band if part.kind == "doubtful")
    reasons = []
    if hidden:
        named = ", ".join(
            f"{domain_words(part.control_domain)} {part.points:.1f}"
            for part in sorted(hidden, key=lambda part: (-part.points, part.control_domain))[:3]
        )
        more = len(hidden) - 3
        rest = f" and {counted(more, 'other')}" if more > 0 else ""
        reasons.append(f"logs that are not whole could hide points of {named}{rest}")
    if doubtful <= -0.05:
        reasons.append(
            f"{-doubtful:.1f} points rest on inferred paths, or on newness that logs so short cannot show"
        )
    if not reasons or hunt.score_low == hunt.score_high:
        return ""
    return f"Between {hunt.score_low} and {hunt.score_high}: {'; '.join(reasons)}."
