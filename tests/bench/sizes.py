"""How much is measured: environment variables, with defaults that end within a quarter of an hour on two cores."""

import os
from pathlib import Path

NAMES = {
    "EVENTS": "events of each kind of log, and of each batch into the large lake (200,000)",
    "ROUNDS": "counted rounds of CloudTrail; other parts take half as many (4)",
    "BIG_EVENTS": "events in the large lake (50,000,000)",
    "BIG_LAKE": "a folder to keep the large lake in and take it from, if it is there (none: made and removed)",
    "HUNT_EVENTS": "events in the larger of the two lakes that are hunted in (50,000,000)",
    "HUNT_PEOPLE": "people reset in one night of it (500)",
    "HUNT_LAKES": "a folder to keep both in and take them from (none: made and removed)",
    "LOAD_OBJECTS": "objects in the bucket that is loaded (2,000)",
    "LOAD_BYTES": "bytes of each (20,000)",
    "LAYOUT_EVENTS": "events of the two layouts (1,000,000)",
    "LAYOUT_FILES": "files of the layout of tiny files (100,000)",
    "RULE_EVENTS": "events in the lake that rules are matched with (2,000,000)",
    "PEER_EVENTS": "events that rules are matched with from gzip JSON, beside a peer (200,000)",
    "PEER_PYTHON": "the Python of an environment that holds the peer (none: made, where PyPI can be reached)",
    "ONE_FILE_BYTES": "decompressed size of the one large file (2,000,000,000)",
}


def number(name: str, default: int) -> int:
    return int(os.environ.get(name, "").replace("_", "").replace(",", "") or default)


EVENTS = number("EVENTS", 200_000)
ROUNDS = number("ROUNDS", 4)
FEW_ROUNDS = max(ROUNDS // 2, 1)
BIG_EVENTS = number("BIG_EVENTS", 50_000_000)
BIG_LAKE = Path(os.environ["BIG_LAKE"]).absolute() if os.environ.get("BIG_LAKE") else None
HUNT_EVENTS = number("HUNT_EVENTS", 50_000_000)
HUNT_PEOPLE = number("HUNT_PEOPLE", 500)
HUNT_LAKES = Path(os.environ["HUNT_LAKES"]).absolute() if os.environ.get("HUNT_LAKES") else None
LOAD_OBJECTS = number("LOAD_OBJECTS", 2_000)
LOAD_BYTES = number("LOAD_BYTES", 20_000)
LAYOUT_EVENTS = number("LAYOUT_EVENTS", 1_000_000)
LAYOUT_FILES = number("LAYOUT_FILES", 100_000)
ONE_FILE_BYTES = number("ONE_FILE_BYTES", 2_000_000_000)
RULE_EVENTS = number("RULE_EVENTS", 2_000_000)
PEER_EVENTS = number("PEER_EVENTS", 200_000)
PEER_PYTHON = os.environ.get("PEER_PYTHON", "")
