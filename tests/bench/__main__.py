"""Runs the parts that are named, or all, and prints the table of figures."""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench import hunts, kinds, large_lake, layouts, loads, rules, sizes
from tests.bench.measuring import figures_table, say

PARTS = {
    "hunts": hunts.measure,
    "kinds": kinds.measure,
    "large-lake": large_lake.measure,
    "layouts": layouts.measure,
    "loads": loads.measure,
    "one-file": layouts.measure_one_file,
    "rules": rules.measure,
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        sizes_help = "\n".join(f"  {name:15} {meaning}" for name, meaning in sizes.NAMES.items())
        sys.exit(f"usage: python -m tests.bench [{' | '.join(PARTS)}]…   (not {unknown[0]!r})\n{sizes_help}")
    folder = Path(tempfile.mkdtemp(prefix="postreset-bench-"))
    figures = []
    try:
        for name in wanted:
            figures += PARTS[name](folder)
            say(f"{name} done\n{figures_table(figures)}")
    finally:
        shutil.rmtree(folder)
    sys.stdout.write(figures_table(figures) + "\n")


if __name__ == "__main__":
    main()
