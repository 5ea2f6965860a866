"""The peer, from gzip JSON to matches, in an environment of its own: `PYTHON peer_work.py LOGS RULES`.

zargunlite is the package that does what Zircolite does: records flattened to columns of SQLite, each rule one query made by
pySigma's SQLite backend. Records keep their dotted names here, because with the last part alone, Zircolite's own way, eight of
57 published rules find nothing. Prints JSON.
"""

import gzip
import json
import sys
import time
from pathlib import Path

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from zargunlite.core import ZargunCore
from zargunlite.model import ZircoliteRule
from zargunlite.preprocess import flatten_json


def main(logs: Path, rules: Path) -> None:
    started = time.perf_counter()
    records = []
    for path in sorted(logs.rglob("*.json.gz")):
        with gzip.open(path, "rb") as file:
            records += [
                {".".join(keys): value for keys, value in flatten_json(record).items() if value is not None}
                for record in json.load(file)["Records"]
            ]
    backend = sqliteBackend()
    found = 0
    with ZargunCore() as core:
        core.load_data(records, strict_field_name=False)
        for path in sorted(rules.glob("*.yml")):
            (rule,) = SigmaCollection.from_yaml(path.read_text()).rules
            queries = [query.replace("<TABLE_NAME>", "logs") for query in backend.convert_rule(rule)]
            found += core.execute_zircolite_rule(ZircoliteRule(title=rule.title, rule=queries)).count
    sys.stdout.write(json.dumps({"seconds": [time.perf_counter() - started], "signals": found}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
