"""The inventory is written by hand: what is meant is read, what is wrong is said by line, and nothing in it acts."""

from pathlib import Path

import duckdb
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.inventory import MOST_CHARACTERS, inventory_hash, load_inventory, read_inventory
from pipeline.settings import read_settings


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "inventory.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "thing,kind,owner,team,note\nAKIA1,access_key,alice@example.com,ops,\n",
        "\ufeffThing,KIND,Owner,Team,Note\r\nAKIA1,access_key,alice@example.com,ops,\r\n\r\n",
        "owner;thing;kind;team\nalice@example.com; AKIA1 ;access_key;ops\n",
        "thing\tkind\towner\tteam\nAKIA1\taccess_key\talice@example.com\tops\n".encode("utf-16"),
    ],
    ids=["as written", "by a spreadsheet", "other order and separator", "unicode text"],
)
def test_what_is_meant_is_read(tmp_path: Path, text: str | bytes) -> None:
    found = read_inventory(written(tmp_path, text))
    assert found.rows == (("AKIA1", "access_key", "alice@example.com", "ops", None),)
    assert found.problems == ()


def test_faults_are_told_by_line(tmp_path: Path) -> None:
    text = f"thing,kind,cost\n,iam_user,1\na,b,c,d\n{'x' * (MOST_CHARACTERS + 1)},role,2\nok,role,3\n"
    found = read_inventory(written(tmp_path, text))
    assert [row[0] for row in found.rows] == ["ok"]
    assert [problem.partition(":")[0] for problem in found.problems] == [
        "line 1",
        "line 2",
        "line 3",
        "line 4",
    ]


@pytest.mark.parametrize("text", ["", "name,kind\na,b\n", b"\x00\x01\x02"])
def test_a_file_without_things_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(InputError, match="no column `thing`"):
        read_inventory(written(tmp_path, text))


def test_a_formula_is_text(con, tmp_path: Path) -> None:
    written(tmp_path, "thing,kind,owner,team,note\n=1+1,role,'; drop table inventory --,,@SUM(A1)\n")
    load_inventory(con, tmp_path)
    assert con.execute("select thing, owner, note from inventory").fetchall() == [
        ("=1+1", "'; drop table inventory --", "@SUM(A1)")
    ]


def test_without_a_file_the_table_is_empty(con, tmp_path: Path) -> None:
    assert load_inventory(con, tmp_path).content_hash == ""
    assert con.execute("select count(*) from inventory").fetchall() == [(0,)]
    with pytest.raises(SettingsError, match="no such inventory"):
        load_inventory(con, tmp_path, tmp_path / "other.csv")


def test_the_settings_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "postreset.toml"
    path.write_text('[inventory]\nfile = "things.csv"\n')
    assert read_settings(path).inventory == tmp_path / "things.csv"
    path.write_text("[inventory]\npath = 1\n")
    with pytest.raises(SettingsError, match="cannot be set"):
        read_settings(path)


def test_the_hash_of_an_inventory_knows_no_order(tmp_path: Path) -> None:
    hashes = []
    for lines in (("a,key,alice,,", "b,role,bob,,"), ("b,role,bob,,", "a,key,alice,,"), ("a,key,bob,,",), ()):
        path = tmp_path / "inventory.csv"
        path.write_text("\n".join(("thing,kind,owner,team,note", *lines)) + "\n")
        with duckdb.connect() as con:
            con.execute(
                "create temp table inventory (thing varchar, kind varchar, owner varchar, team varchar, note varchar)"
            )
            for row in read_inventory(path).rows:
                con.execute("insert into inventory values (?, ?, ?, ?, ?)", list(row))
            hashes.append(inventory_hash(con))
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[3] == ""
