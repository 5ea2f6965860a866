"""Entra sign-ins and storage calls for benchmarks: diagnostic records in JSON lines, as diagnostic settings deliver them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.azure_resources import AzureResources, person_caller
from pipeline.simulate.bench import DEFAULT_PACE
from pipeline.simulate.bench_templates import (
    FAST_COMPRESSION,
    BenchSummary,
    Pace,
    Template,
    cut_at_marks,
    guid_text,
    ticks_of,
)
from pipeline.simulate.entra_signins import CATEGORIES, EntraSignIns
from pipeline.simulate.estate import (
    BROKER,
    EXCHANGE,
    GRAPH,
    MANAGEMENT,
    OFFICE_HOME,
    ONE_DRIVE,
    OUTLOOK_MOBILE,
    PORTAL,
    SHAREPOINT,
    TEAMS,
    VAULT_SERVICE,
    Estate,
    make_estate,
)
from pipeline.simulate.logbook import Logbook
from pipeline.simulate.networks import AZURE
from pipeline.simulate.people import Person
from pipeline.simulate.times import FORTNIGHT_START, later
from pipeline.simulate.writer import DIAGNOSTICS, write_file

ARRIVAL_SECONDS = 120
# The sources of files in turn: clients renew tokens far more often than people sign in.
SIGNIN_FILES = (
    *["entra_signin_noninteractive"] * 3,
    "entra_signin",
    "entra_signin_noninteractive",
    "entra_signin_service_principal",
)
STORAGE_FILES = ("StorageRead", "StorageRead", "StorageRead", "StorageWrite")
CLIENTS = (
    (OFFICE_HOME, EXCHANGE),
    (TEAMS, GRAPH),
    (OUTLOOK_MOBILE, EXCHANGE),
    (ONE_DRIVE, SHAREPOINT),
    (BROKER, GRAPH),
    (PORTAL, MANAGEMENT),
)
STORAGE_AGENT = "azsdk-python-storage-blob/12.26.0 Python/3.12.11 (Linux-6.8.0-x86_64)"
CALLS = (
    "GetBlob",
    "GetBlob",
    "GetBlob",
    "GetBlobProperties",
    "ListBlobs",
    "PutBlob",
    "PutBlob",
    "DeleteBlob",
)
BOOK_KEEPING = (
    (r'(?<="originalRequestId":")[^"]+', "@event@"),
    (r'(?<="correlationId":")[^"]+', "@correlation@"),
    (r'(?<="clientRequestId":")[^"]+', "@request@"),
    (r'(?<="createdDateTime":")[^"]+', "@occurred@+00:00"),
    (r'(?<="authenticationStepDateTime":")[^"]+', "@occurred@+00:00"),
    (r'(?<="uniqueTokenIdentifier":")[^"]+', "@token@"),
    (r'(?<="etag":"\\"0x)[^"\\]+', "@etag@"),
    (r"(?<=:)1048576(?=[,}])", "@size@"),
)


@dataclass(frozen=True, slots=True)
class Stream:
    """The files of one category: where they lie under `insights-logs-<category>`, and what their rows are made from."""

    source: str
    category: str
    resource: str
    templates: list[Template]


def write_signins_bench(folder: Path, event_count: int, seed: int, pace: Pace = DEFAULT_PACE) -> BenchSummary:
    """Writes `event_count` sign-ins (about 3.5 KB of JSON each), a file of one category."""
    estate = make_estate(seed)
    makers: dict[str, Callable[[Estate], list[Template]]] = {
        "entra_signin": lambda estate: user_templates(estate, is_interactive=True),
        "entra_signin_noninteractive": lambda estate: user_templates(estate, is_interactive=False),
        "entra_signin_service_principal": service_principal_templates,
    }
    streams = {
        source: Stream(source, CATEGORIES[source], f"tenantId={estate.tenant_id}", make(estate))
        for source, make in makers.items()
    }
    return write_streams(folder, [streams[source] for source in SIGNIN_FILES], event_count, seed, pace)


def write_storage_bench(folder: Path, event_count: int, seed: int, pace: Pace = DEFAULT_PACE) -> BenchSummary:
    """Writes `event_count` blob calls (about 1.4 KB of JSON each), reads and writes in files of their own."""
    estate = make_estate(seed)
    templates = storage_templates(estate)
    resource = f"resourceId={estate.storage_resource_id}/blobServices/default"
    streams = {
        category: Stream("azure_storage", category, resource, templates[category]) for category in templates
    }
    return write_streams(folder, [streams[category] for category in STORAGE_FILES], event_count, seed, pace)


def write_streams(folder: Path, turns: list[Stream], event_count: int, seed: int, pace: Pace) -> BenchSummary:
    rng = Random(f"{seed}/bench azure")
    files = []
    counts = dict.fromkeys(sorted({stream.source for stream in turns}), 0)
    for number, (begins, ends) in enumerate(pace.files(event_count)):
        stream = turns[number % len(turns)]
        texts = [
            stream.templates[int(rng.random() * len(stream.templates))].fill(
                fresh_values(pace.time_of(each), rng)
            )
            for each in range(begins, ends)
        ]
        container = folder / DIAGNOSTICS / f"insights-logs-{stream.category.lower()}"
        period = f"{pace.time_of(begins):y=%Y/m=%m/d=%d/h=%H/m=%M}"
        path = container / stream.resource.lstrip("/") / period / f"PT1H-{number:05d}.json.gz"
        files.append(write_file(path, ("\n".join(texts) + "\n").encode(), FAST_COMPRESSION))
        counts[stream.source] += ends - begins
    return BenchSummary(
        counts, len(files), sum(path.stat().st_size for path in files),
        FORTNIGHT_START, pace.time_of(max(event_count - 1, 0)),
    )  # fmt: skip


def fresh_values(at: datetime, rng: Random) -> dict[str, str]:
    digits = f"{rng.getrandbits(512):0128x}"
    return {
        "event": guid_text(digits[:32]),
        "correlation": guid_text(digits[32:64]),
        "request": guid_text(digits[64:96]),
        "occurred": ticks_of(at, digits[96:]),
        "arrived": ticks_of(later(at, ARRIVAL_SECONDS), digits[96:]),
        "token": digits[100:122],
        "etag": digits[104:116].upper(),
        "object": f"part-{digits[:5]}-{digits[96:116]}.parquet",
        "size": str(int(digits[118:124], 16)),
        "port": str(1024 + int(digits[124:], 16) % 60_000),
    }


def user_templates(estate: Estate, *, is_interactive: bool) -> list[Template]:
    """Every person through every client, in one session each."""
    logbook = Logbook(Random("bench templates"))
    rng = Random("bench templates")
    signins = EntraSignIns(estate, logbook, rng)
    for person in estate.people.values():
        session_id = identifiers.guid(rng)
        for number, (client, resource) in enumerate(CLIENTS):
            method = "Mobile app notification" if number % 2 else "Previously satisfied"
            signins.user(
                person,
                FORTNIGHT_START,
                person.home,
                person.home.address(person.home_host),
                person.laptop,
                session_id,
                client,
                resource,
                is_interactive=is_interactive,
                mfa_method=method if is_interactive else None,
                error_code=50126 if is_interactive and person.login == "hugo" else 0,
                incoming_token="none" if is_interactive else "primaryRefreshToken",
            )
    return templates_of(logbook)


def service_principal_templates(estate: Estate) -> list[Template]:
    logbook = Logbook(Random("bench templates"))
    signins = EntraSignIns(estate, logbook, Random("bench templates"))
    for number, principal in enumerate(estate.principals.values()):
        for resource in (MANAGEMENT, GRAPH, VAULT_SERVICE):
            source_ip = AZURE.address(10 + number)
            signins.service_principal(
                principal,
                FORTNIGHT_START,
                AZURE,
                source_ip,
                resource,
                principal.credential_key_id,
                STORAGE_AGENT,
            )
    return templates_of(logbook)


def storage_templates(estate: Estate) -> dict[str, list[Template]]:
    """Category → templates: calls with the account's key and with people's tokens."""
    logbook = Logbook(Random("bench templates"))
    resources = AzureResources(estate, logbook, Random("bench templates"))
    for person in estate.people.values():
        for operation in CALLS:
            oauth = (
                person_caller(person, address_of(person), f"{person.login}-token")
                if person.job == "data"
                else None
            )
            resources.blob(
                FORTNIGHT_START,
                operation,
                "curated/@object@",
                address_of(person),
                1_048_576,
                STORAGE_AGENT,
                oauth,
            )
    by_category: dict[str, list[Template]] = {}
    for delivery in logbook.deliveries:
        record = {**delivery.record, "time": "@occurred@Z"}
        record["callerIpAddress"] = record["callerIpAddress"].rpartition(":")[0] + ":@port@"
        record["correlationId"] = "@event@"
        by_category.setdefault(record["category"], []).append(cut_at_marks(record, BOOK_KEEPING))
    return by_category


def templates_of(logbook: Logbook) -> list[Template]:
    templates = []
    for delivery in logbook.deliveries:
        properties = {**delivery.record["properties"], "id": "@event@"}
        record = {**delivery.record, "time": "@arrived@Z", "properties": properties}
        templates.append(cut_at_marks(record, BOOK_KEEPING))
    return templates


def address_of(person: Person) -> str:
    return person.home.address(person.home_host)
