"""People who are all reset in one night, planted into a made-up lake: `python -m tests.bench.planting LAKE PEOPLE`."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipeline.lake import Lake
from pipeline.schema import COLUMNS, create_empty_events, parquet_options
from pipeline.settings import quoted
from tests.bench.biglake import DAYS, FIRST_DAY

NIGHT = FIRST_DAY + timedelta(days=DAYS - 4)
BATCH_ID = "planted"
PLANTED_SQL = (Path(__file__).parent / "hunts.sql").read_text()


def plant(folder: Path, people: int, night: datetime = NIGHT) -> None:
    """Person 0 and every tenth after are taken over; the others go on as they did."""
    lake = Lake.open(folder)
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        create_empty_events(con)
        con.execute(f"insert into events by name {PLANTED_SQL}", {"people": people, "night": night})
        columns = ", ".join(name for name, _ in COLUMNS)
        files = []
        for source, day, count in con.execute(
            "select source, occurred_at::date, count(*) from events group by all order by all"
        ).fetchall():
            target = lake.data_folder / f"occurred_day={day}" / f"source={source}"
            target.mkdir(parents=True, exist_ok=True)
            files.append(target / f"events-{BATCH_ID}.parquet")
            con.execute(
                f"""copy (
                    select {columns} from events where source = $source and occurred_at::date = $day order by occurred_at
                ) to {quoted(files[-1])} ({parquet_options(count)})""",
                {"source": source, "day": day},
            )
    lake.append(files, BATCH_ID)


if __name__ == "__main__":
    plant(Path(sys.argv[1]), int(sys.argv[2]))
