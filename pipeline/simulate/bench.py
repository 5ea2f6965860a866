"""CloudTrail files for benchmarks: a realistic mix of calls and sizes, made from templates so that millions are quick.

Each template is a record of the real builders with marks in place of its varying values; an event is the template's
pieces joined with fresh values. A caller holds its temporary key for some hours, then a new session begins.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.aws_work import DATA_CALLS, DEVELOPER_CALLS, PLATFORM_CALLS
from pipeline.simulate.cloudtrail import CLI_AGENT, SDK_AGENT, CloudTrail, role_caller
from pipeline.simulate.estate import DATA_ACCOUNT, HOME_REGION, PLATFORM_ACCOUNT, Estate, make_estate
from pipeline.simulate.logbook import Logbook, Record
from pipeline.simulate.times import FORTNIGHT_START, later, seconds_text
from pipeline.simulate.writer import ORGANIZATION_TRAIL, json_text, write_file

EVENTS_A_FILE = 4_000
EVENTS_A_SECOND = 3
HOURS_A_SESSION = 4
FAST_COMPRESSION = 6
MARK = re.compile(r"@(event|request|time|ip|key|who|issued|object|size|host|token|begun)@")
# How often each kind of call occurs: object reads lead, as in any trail with data events.
WEIGHTS = {
    "GetObject": 30,
    "PutObject": 8,
    "AssumeRole": 4,
    "AssumeRoleWithWebIdentity": 1,
    "GetCallerIdentity": 2,
}


@dataclass(frozen=True, slots=True)
class BenchSummary:
    event_count: int
    file_count: int
    byte_count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Template:
    """Text pieces and the marks between them: `pieces[0] marks[0] pieces[1] …`."""

    pieces: tuple[str, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a run of events belongs to: a session name, an address, a key and when its session began."""

    who: str
    source_ip: str
    key_id: str
    begun_at: str


def write_cloudtrail_bench(folder: Path, event_count: int, seed: int) -> BenchSummary:
    """Writes `event_count` events (about 1.7 KB of JSON each) of two accounts as gzip files of 4,000 events."""
    rng = Random(f"{seed}/bench")
    estate = make_estate(seed)
    templates = {account: make_templates(estate, account) for account in (PLATFORM_ACCOUNT, DATA_ACCOUNT)}
    byte_count = file_count = 0
    for begins in range(0, event_count, EVENTS_A_FILE):
        account_id = (PLATFORM_ACCOUNT, DATA_ACCOUNT)[file_count % 2]
        ends = min(begins + EVENTS_A_FILE, event_count)
        first_at = later(FORTNIGHT_START, begins / EVENTS_A_SECOND)
        holders = make_holders(account_id, estate, first_at, rng)
        texts = render(templates[account_id], holders, begins, ends, rng)
        delivered_at = later(FORTNIGHT_START, ends / EVENTS_A_SECOND + 300)
        suffix = identifiers.text_of(identifiers.UPPER_ALPHANUMERIC, 16, rng)
        name = f"{account_id}_CloudTrail_{HOME_REGION}_{delivered_at:%Y%m%dT%H%MZ}_{suffix}.json.gz"
        trail = folder / ORGANIZATION_TRAIL / "AWSLogs" / estate.organization_id / account_id / "CloudTrail"
        content = ('{"Records":[' + ",".join(texts) + "]}").encode()
        path = write_file(trail / HOME_REGION / f"{delivered_at:%Y/%m/%d}" / name, content, FAST_COMPRESSION)
        byte_count += path.stat().st_size
        file_count += 1
    last_at = FORTNIGHT_START + timedelta(seconds=max(event_count - 1, 0) // EVENTS_A_SECOND)
    return BenchSummary(event_count, file_count, byte_count, FORTNIGHT_START, last_at)


def make_holders(account_id: str, estate: Estate, first_at: datetime, rng: Random) -> list[Holder]:
    begun_at = seconds_text(
        first_at.replace(hour=first_at.hour // HOURS_A_SESSION * HOURS_A_SESSION, minute=0, second=0)
    )
    return [
        Holder(
            person.upn,
            person.home.address(person.home_host),
            identifiers.access_key_id("ASIA", account_id, rng),
            begun_at,
        )
        for person in estate.people.values()
    ]


def render(
    templates: list[Template], holders: list[Holder], begins: int, ends: int, rng: Random
) -> list[str]:
    """The JSON texts of events number `begins` to `ends`."""
    account_id = identifiers.account_of_key(holders[0].key_id) or ""
    texts = []
    for number in range(begins, ends):
        template = templates[int(rng.random() * len(templates))]
        holder = holders[int(rng.random() * len(holders))]
        digits = f"{rng.getrandbits(512):0128x}"
        values = {
            "event": guid_text(digits[:32]),
            "request": guid_text(digits[32:64]),
            "time": seconds_text(FORTNIGHT_START + timedelta(seconds=number // EVENTS_A_SECOND)),
            "ip": holder.source_ip,
            "key": holder.key_id,
            "who": holder.who,
            "begun": holder.begun_at,
            "object": f"part-{digits[:5]}-{digits[64:84]}.parquet",
            "size": str(int(digits[84:90], 16)),
            "host": digits[52:128],
        }
        if "issued" in template.marks:
            values["issued"] = identifiers.access_key_id("ASIA", account_id, rng)
            values["token"] = f"IQoJb3JpZ2luX2Vj{digits}{rng.getrandbits(2048):0512x}"
        parts = [template.pieces[0]]
        for mark, piece in zip(template.marks, template.pieces[1:], strict=True):
            parts += (values[mark], piece)
        texts.append("".join(parts))
    return texts


def guid_text(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def make_templates(estate: Estate, account_id: str) -> list[Template]:
    """Each kind of call as often as it shall occur, rendered by the real builders and cut at its marks."""
    logbook = Logbook(Random("bench templates"))
    trail = CloudTrail(logbook, Random("bench templates"))
    at = FORTNIGHT_START
    person_role = estate.roles[account_id, "DataEngineer"]
    for agent in (CLI_AGENT, SDK_AGENT):
        caller = role_caller(person_role, "@who@", "@key@", at, "@ip@", agent)
        for service, name, request, is_read in (*PLATFORM_CALLS, *DEVELOPER_CALLS, *DATA_CALLS):
            trail.call(caller, at, service, name, request, read_only=is_read, region=HOME_REGION)
        aws_calls.object_call(trail, caller, at, "example-data-lake", "curated/sales/@object@", 1)
        aws_calls.object_call(
            trail, caller, at, "example-data-lake", "curated/sales/@object@", 1, "PutObject"
        )
        trail.call(caller, at, "sts", "GetCallerIdentity")
        aws_calls.assume_role(trail, caller, person_role, "@who@", at)
        role = estate.roles[PLATFORM_ACCOUNT, "ci-build"]
        aws_calls.assume_role_with_web_identity(
            trail, role, "repo:example/orders", "@who@", at, "@ip@", agent
        )
    templates = []
    for delivery in logbook.deliveries:
        template = cut_at_marks(delivery.record, account_id)
        templates += [template] * WEIGHTS.get(delivery.record["eventName"], 2)
    return templates


def cut_at_marks(record: Record, account_id: str) -> Template:
    marked = {
        **record,
        "eventID": "@event@",
        "eventTime": "@time@",
        "requestID": "@request@",
        "recipientAccountId": account_id,
    }
    text = json_text(marked)
    for pattern, mark in (
        (r'(?<="creationDate":")[^"]+', "@begun@"),
        (r'(?<="accessKeyId":")ASIA\w+', "@issued@"),
        (r'(?<="sessionToken":")[^"]+', "@token@"),
        (r'(?<="x-amz-id-2":")[^"]+', "@host@"),
        (r'(?<="bytesTransferredIn":)1(?=,)|(?<="bytesTransferredOut":)1(?=})', "@size@"),
    ):
        text = re.sub(pattern, mark, text)
    cut = MARK.split(text)
    return Template(tuple(cut[::2]), tuple(cut[1::2]))
