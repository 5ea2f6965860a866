"""CloudTrail files for benchmarks: a realistic mix of calls and sizes."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.aws_work import DATA_CALLS, DEVELOPER_CALLS, PLATFORM_CALLS
from pipeline.simulate.bench_templates import (
    FAST_COMPRESSION,
    BenchSummary,
    Pace,
    Template,
    cut_at_marks,
    guid_text,
    session_start,
)
from pipeline.simulate.cloudtrail import CLI_AGENT, SDK_AGENT, CloudTrail, role_caller
from pipeline.simulate.estate import DATA_ACCOUNT, HOME_REGION, PLATFORM_ACCOUNT, Estate, make_estate
from pipeline.simulate.logbook import Logbook
from pipeline.simulate.times import FORTNIGHT_START, later, seconds_text
from pipeline.simulate.writer import ORGANIZATION_TRAIL, write_file

DEFAULT_PACE = Pace()
# How often each kind of call occurs: object reads lead, as in any trail with data events.
WEIGHTS = {
    "GetObject": 30,
    "PutObject": 8,
    "AssumeRole": 4,
    "AssumeRoleWithWebIdentity": 1,
    "GetCallerIdentity": 2,
}
VARYING = (
    (r'(?<="creationDate":")[^"]+', "@begun@"),
    (r'(?<="accessKeyId":")ASIA\w+', "@issued@"),
    (r'(?<="sessionToken":")[^"]+', "@token@"),
    (r'(?<="x-amz-id-2":")[^"]+', "@host@"),
    (r'(?<="bytesTransferredIn":)1(?=,)|(?<="bytesTransferredOut":)1(?=})', "@size@"),
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a run of events belongs to: a session name, an address, a key and when its session began."""

    who: str
    source_ip: str
    key_id: str
    begun_at: str


def write_cloudtrail_bench(
    folder: Path, event_count: int, seed: int, pace: Pace = DEFAULT_PACE
) -> BenchSummary:
    """Writes `event_count` events (about 1.7 KB of JSON each) of two accounts as gzip files."""
    rng = Random(f"{seed}/bench")
    estate = make_estate(seed)
    templates = {account: make_templates(estate, account) for account in (PLATFORM_ACCOUNT, DATA_ACCOUNT)}
    files = []
    for number, (begins, ends) in enumerate(pace.files(event_count)):
        account_id = (PLATFORM_ACCOUNT, DATA_ACCOUNT)[number % 2]
        holders = make_holders(account_id, estate, pace.time_of(begins), rng)
        texts = render(templates[account_id], holders, range(begins, ends), pace, rng)
        delivered_at = later(pace.time_of(ends), 300)
        suffix = identifiers.text_of(identifiers.UPPER_ALPHANUMERIC, 16, rng)
        name = f"{account_id}_CloudTrail_{HOME_REGION}_{delivered_at:%Y%m%dT%H%MZ}_{suffix}.json.gz"
        trail = folder / ORGANIZATION_TRAIL / "AWSLogs" / estate.organization_id / account_id / "CloudTrail"
        content = ('{"Records":[' + ",".join(texts) + "]}").encode()
        path = trail / HOME_REGION / f"{delivered_at:%Y/%m/%d}" / name
        files.append(write_file(path, content, FAST_COMPRESSION))
    return BenchSummary(
        {"aws_cloudtrail": event_count}, len(files), sum(path.stat().st_size for path in files),
        FORTNIGHT_START, pace.time_of(max(event_count - 1, 0)),
    )  # fmt: skip


def make_holders(account_id: str, estate: Estate, first_at: datetime, rng: Random) -> list[Holder]:
    begun_at = seconds_text(session_start(first_at))
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
    templates: list[Template], holders: list[Holder], numbers: range, pace: Pace, rng: Random
) -> list[str]:
    """The JSON texts of these events."""
    account_id = identifiers.account_of_key(holders[0].key_id) or ""
    texts = []
    for number in numbers:
        template = templates[int(rng.random() * len(templates))]
        holder = holders[int(rng.random() * len(holders))]
        digits = f"{rng.getrandbits(512):0128x}"
        values = {
            "event": guid_text(digits[:32]),
            "request": guid_text(digits[32:64]),
            "time": seconds_text(pace.time_of(number)),
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
        texts.append(template.fill(values))
    return texts


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
        marked = {
            **delivery.record,
            "eventID": "@event@",
            "eventTime": "@time@",
            "requestID": "@request@",
            "recipientAccountId": account_id,
        }
        template = cut_at_marks(marked, VARYING)
        templates += [template] * WEIGHTS.get(delivery.record["eventName"], 2)
    return templates
