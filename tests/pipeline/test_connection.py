"""No connection prints a bar unasked, wherever Python runs."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb

from pipeline.connection import connect, cursor
from tests.conftest import ROOT

ASKED = """
from pipeline.connection import connect, cursor
con = connect()
setting = "select current_setting('enable_progress_bar'), current_setting('TimeZone')"
print(con.execute(setting).fetchall(), cursor(con).execute(setting).fetchall())
"""
# they run no more than a line on no data; imports go from the rules to nothing else of ours
SHORT = {"predicates.py", "detection_case_tables.py"}


def test_nothing_is_printed_where_python_has_no_script() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[(False, 'UTC')] [(False, 'UTC')]"


def test_every_connection_is_opened_in_one_place() -> None:
    own = (ROOT / "pipeline").rglob("*.py")
    opening = {path.name for path in own if re.search(r"duckdb\.connect\(|\.cursor\(\)", path.read_text())}
    assert opening - SHORT == {"connection.py"}


def test_a_cursor_sees_the_same_database(tmp_path: Path) -> None:
    with connect(tmp_path, "100MB") as con:
        con.execute("create table one as select 1 as number")
        assert cursor(con).execute("from one").fetchall() == [(1,)]
        assert con.execute("select current_setting('temp_directory')").fetchall() == [(str(tmp_path),)]
        assert isinstance(con, duckdb.DuckDBPyConnection)
