"""Where our own files lie and what holds when nobody says otherwise."""

from pathlib import Path

from pipeline.errors import InputError

DEFAULT_LAKE = Path("data/lake")


def resource_root() -> Path:
    """The folder that holds `sql/`, `detections/` and `data/samples/`: the checkout, or the wheel's copy."""
    package = Path(__file__).parent
    bundled = package / "_resources"
    return bundled if bundled.is_dir() else package.parent


def sql_text(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (resource_root() / "sql" / f"{name}.sql").read_text()


def quoted(path: Path) -> str:
    """A path as an SQL literal, for COPY, which takes no parameter there."""
    return "'" + str(path).replace("'", "''") + "'"


def make_folder(folder: Path) -> None:
    """Makes a folder of the lake. Raises InputError where that cannot be done."""
    if set("#?%") & set(str(folder)):
        raise InputError(
            "the path holds one of # ? %, which Iceberg reads as part of an address",
            str(folder),
            "choose another folder",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the lake's folder cannot be made ({error.strerror})", str(folder), "give another with --lake"
        ) from error
