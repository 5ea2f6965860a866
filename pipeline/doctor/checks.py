"""The checks. Each looks at what was seen and gives findings; a part of postreset that can be ill adds its own to `CHECKS`."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pipeline.doctor.seen import Coverage, Seen
from pipeline.errors import SettingsError
from pipeline.limits import DEFAULT_LIMITS
from pipeline.report.narrative import counted
from pipeline.report.text import span
from pipeline.settings import SETTINGS_FILE, read_settings
from pipeline.visibility import HIDDEN_WITHOUT, NEEDED_BY

State = Literal["good", "note", "bad"]
LITTLE_DISK = 5 << 30
MUCH_QUARANTINE = 0.01
QUIET_HOURS = 24
LATE_MINUTES = 6 * 60


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` says what to do, or what is hidden; it is empty where nothing is to be done."""

    area: Literal["machine", "settings", "service", "lake", "source", "visibility"]
    state: State
    what: str
    advice: str = ""


def _machine(seen: Seen) -> Iterator[Finding]:
    yield Finding("machine", "good", ", ".join(f"{name} {number}" for name, number in seen.versions.items()))
    free = seen.free_bytes
    if free > LITTLE_DISK:
        yield Finding("machine", "good", f"{free / 1e9:,.1f} GB of disk are free")
    else:
        advice = "make room: an ingest needs as much as it takes in, and a hunt may need more than memory"
        yield Finding("machine", "bad", f"only {free / 1e9:,.1f} GB of disk are free", advice)


def _settings(seen: Seen) -> Iterator[Finding]:
    try:
        settings = read_settings(seen.config)
    except SettingsError as error:
        yield Finding("settings", "bad", f"{error.where}: {error.what}", error.hint)
        return
    if seen.config is None:
        yield Finding("settings", "good", f"no {SETTINGS_FILE} in this folder: defaults hold")
    else:
        changed = "" if settings.limits == DEFAULT_LIMITS else ", with limits of its own for ingest"
        yield Finding("settings", "good", f"settings from {seen.config}{changed}")


def _services(seen: Seen) -> Iterator[Finding]:
    """The configured sources: what of each cannot be asked or read, and what was named and is not on disk."""
    for service in seen.services:
        name, counts = service.name, service.counts
        failed = [probe for probe in service.probes if not probe.is_well]
        for probe in failed:
            what = f"{name}: {probe.told or 'no'} (tried: {probe.tried})"
            yield Finding("service", "bad", what, probe.hint)
        if not failed:
            until = service.complete_until
            loaded = (
                f"complete until {until:%Y-%m-%d %H:%M} UTC"
                if until
                else "until when it is complete is not known"
            )
            yield Finding("service", "good", f"{name} ({service.kind}) answers; {loaded}")
            if until and until + timedelta(hours=QUIET_HOURS) < seen.now:
                what = f"{name} was last loaded whole {span(seen.now - until)} ago"
                yield Finding(
                    "service", "note", what, "of what came after nothing can be ruled out: `postreset load`"
                )
        if counts.waiting:
            said = f", the last try said: {counts.error}" if counts.error else ""
            what = f"{name}: {counted(counts.waiting, 'item')} not fetched yet{said}"
            yield Finding("service", "note", what, "`postreset load` tries again")
        elif counts.error:
            yield Finding("service", "bad", counts.error)
        if counts.landed:
            what = f"{name}: {counted(counts.landed, 'file')} landed and not in the lake"
            yield Finding("service", "note", what, "`postreset ingest` takes them in")


def _verifications(seen: Seen) -> Iterator[Finding]:
    """Whether somebody changed the logs themselves, as far as it was looked at."""
    for service in seen.services:
        found, again = service.verified, f"`postreset load {service.name} --verify`"
        if found is None:
            if service.can_verify:
                what = f"{service.name}: its log files were never held against their digests"
                yield Finding("service", "note", what, f"nothing proves that nobody changed them: {again}")
            continue
        looked_at = f"{found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}, looked at {span(seen.now - found.verified_at)} ago"
        if not found.finding_count:
            yield Finding(
                "service", "good", f"{service.name}: every log file is as it was delivered ({looked_at})"
            )
            continue
        kinds = Counter(finding.kind for finding in found.findings)
        told = ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
        what = f"{service.name}: {counted(found.finding_count, 'fault')} in the logs themselves: {told} ({looked_at})"
        advice = (
            f"a finding of the domain data_access: somebody may have hidden what they did. {again} names each"
        )
        yield Finding("service", "bad", what, advice)


def _lake(seen: Seen) -> Iterator[Finding]:
    lake = seen.lake
    if lake.problem:
        yield Finding("lake", "bad", f"the lake {lake.folder} cannot be opened: {lake.problem}")
        return
    if not seen.coverage:
        yield Finding("lake", "bad", "the lake holds no events", "take logs in with `postreset ingest PATH`")
    else:
        yield Finding(
            "lake",
            "good",
            f"{counted(sum(row.event_count for row in seen.coverage), 'event')} in {counted(lake.file_count, 'file')} "
            f"({lake.byte_count / 1e6:,.1f} MB), {counted(lake.done_batches, 'batch')}, snapshot {lake.snapshot_id}",
        )
    if lake.pending_batches:
        words = "1 batch is" if lake.pending_batches == 1 else f"{lake.pending_batches} batches are"
        advice = "an ingest is running, or one was killed and the next one settles it"
        yield Finding("lake", "note", f"{words} pending", advice)
    if lake.quarantined:
        share = lake.quarantined / lake.records
        what = f"{lake.quarantined:,} of {lake.records:,} records read were set aside ({share:.1%})"
        state: State = "note" if share > MUCH_QUARANTINE else "good"
        yield Finding("lake", state, what, "`postreset quarantine list` shows why")


def _sources(seen: Seen) -> Iterator[Finding]:
    ended = [
        row
        for row in seen.coverage
        if row.last_at + timedelta(hours=max(QUIET_HOURS, row.longest_silence_hours)) < seen.now
    ]
    if ended and len(ended) == len(seen.coverage):
        last = max(row.last_at for row in ended)
        yield Finding(
            "source",
            "note",
            f"every source has ended, the last one at {last:%Y-%m-%d %H:%M} UTC",
            "of what came after nothing can be ruled out",
        )
    elif ended:
        advice = "of what came after nothing can be ruled out: was a trail or an export switched off?"
        yield Finding("source", "note", f"has ended while others go on: {_listed(map(_name, ended))}", advice)
    late = [row for row in seen.coverage if (row.most_within_minutes or 0) > LATE_MINUTES]
    if late:
        what = f"one event in twenty is delivered more than {LATE_MINUTES // 60} hours late: {_listed(map(_name, late))}"
        yield Finding("source", "note", what, "wait as long before saying that nothing more came")


def _never_seen(seen: Seen) -> Iterator[Finding]:
    for source, hidden in seen.never_seen.items():
        yield Finding("visibility", "note", f"no {source} logs", f"this hides {hidden}")


def _not_of_tenant(seen: Seen) -> Iterator[Finding]:
    """A source that some tenants or subscriptions have and others lack. Rows of an unnamed tenant may be anyone's."""
    tenants: dict[str, set[str | None]] = {}
    for row in seen.coverage:
        tenants.setdefault(row.source, set()).add(row.tenant_id and row.tenant_id.lower())
    for kind, sources in NEEDED_BY.items():
        known = {name for source in sources for name in tenants.get(source, ()) if name}
        for source in sources:
            if source in tenants and None not in tenants[source] and known - tenants[source]:
                lacking = sorted(known - tenants[source])
                kinds, have = (kind, "has") if len(lacking) == 1 else (f"{kind}s", "have")
                what = f"no {source} logs of {kinds} {_listed(lacking)}, which {have} other logs"
                yield Finding("visibility", "note", what, f"this hides {HIDDEN_WITHOUT[source]}")


def _object_reads(seen: Seen) -> Iterator[Finding]:
    accounts = [row for row in seen.coverage if row.source == "aws_cloudtrail" and row.tenant_id]
    blind = [str(row.tenant_id) for row in accounts if not row.s3_object_event_count]
    if blind:
        advice = "this hides reads of objects. Switch on data events for S3 in the trail"
        yield Finding("visibility", "note", f"no S3 data events of {_listed(blind)}", advice)


def _digests(seen: Seen) -> Iterator[Finding]:
    sources = ("aws_cloudtrail", "aws_cloudtrail_digest")
    logged, proved = ({row.tenant_id for row in seen.coverage if row.source == source} for source in sources)
    without = sorted(account for account in logged - proved if account)
    if without:
        advice = "nothing proves that no log file was deleted. Switch on log file validation, and take CloudTrail-Digest/ in, too"
        yield Finding("visibility", "note", f"no CloudTrail digests of {_listed(without)}", advice)


def _name(row: Coverage) -> str:
    return f"{row.source} of {row.tenant_id or 'an unnamed tenant'}"


def _listed(names: Iterable[str], most: int = 3) -> str:
    given = list(names)
    return ", ".join(given[:most]) + (f" and {len(given) - most} more" if len(given) > most else "")


CHECKS: tuple[Callable[[Seen], Iterator[Finding]], ...] = (
    _machine,
    _settings,
    _services,
    _verifications,
    _lake,
    _sources,
    _never_seen,
    _not_of_tenant,
    _object_reads,
    _digests,
)
