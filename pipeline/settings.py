"""Where our own files lie, what holds when nobody says otherwise, and what a settings file says otherwise."""

import tomllib
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from loaders.bounds import DEFAULT_BOUNDS, Bounds
from loaders.options import read_options
from pipeline.errors import InputError, SettingsError
from pipeline.limits import DEFAULT_LIMITS, Limits

DEFAULT_LAKE = Path("data/lake")
SETTINGS_FILE = Path("postreset.toml")
MOST_IN_FLIGHT = 256
TABLES = ("ingest", "inventory", "landing", "nightly", "rules", "sources")


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Rules that are brought: `folders` of them, `only` those (`level=medium+`, `tag=attack.t1078`), and a file of `overrides`
    and suppressions."""

    folders: tuple[Path, ...] = ()
    only: tuple[str, ...] = ()
    overrides: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What `postreset.toml` may set. `[ingest]` holds the bounds of what is read, see `Limits`; `[rules]` the rules that are
    brought, `[inventory]` the `file` that says what is whose, and `[nightly]` the `notify_file` with the addresses to notify, by paths
    that are relative to the settings file. `[sources.NAME]` holds a source each, by its name, see `loaders/kinds.py`;
    `[landing]` the bounds of what is loaded, see `Bounds`."""

    limits: Limits = DEFAULT_LIMITS
    rules: RuleSettings = RuleSettings()
    inventory: Path | None = None
    notify_file: Path | None = None
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    landing: Bounds = DEFAULT_BOUNDS


def read_settings(path: Path | None = None) -> Settings:
    """The settings of a file, by default `postreset.toml` in this folder if there is one. Raises SettingsError for a file
    that is not there or holds what nobody reads: a misspelt setting must not be taken for a set one."""
    if path is None and not SETTINGS_FILE.is_file():
        return Settings()
    path = path or SETTINGS_FILE
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot be read ({error.strerror})", str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"not TOML ({error})", str(path)) from error
    unknown = sorted(tables.keys() - {*TABLES})
    if unknown:
        known = f"{', '.join(f'[{name}]' for name in TABLES[:-1])} and [sources.NAME] are known"
        raise SettingsError(f"unknown tables: {', '.join(unknown)}", str(path), known)
    return Settings(
        limits=_limits(tables.get("ingest", {}), path),
        rules=_rules(tables.get("rules", {}), path),
        inventory=_named_file(tables, "inventory", "file", path),
        notify_file=_named_file(tables, "nightly", "notify_file", path),
        sources=_sources(tables.get("sources", {}), path),
        landing=_landing(tables.get("landing", {}), path),
    )


def _limits(table: Any, path: Path) -> Limits:
    known = [field.name for field in fields(Limits)]
    faults = [
        f"{name} = {value!r}"
        for name, value in (table.items() if isinstance(table, dict) else [("ingest", table)])
        if name not in known or not isinstance(value, int) or isinstance(value, bool) or value <= 0
    ]
    if faults:
        raise SettingsError(
            f"cannot be set: {', '.join(faults)}",
            f"{path} [ingest]",
            f"whole numbers above 0 for {', '.join(known)}",
        )
    return Limits(**table)


def _sources(tables: Any, path: Path) -> dict[str, dict[str, Any]]:
    """As they stand, but for the `folder` of a source of files, which is relative to the settings file. What is wrong in a table is
    told when its loader is made: then the others can be used."""
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise SettingsError(
            "cannot be set as it stands", f"{path} [sources]", "it holds tables [sources.NAME]"
        )
    found = {name: dict(table) for name, table in tables.items()}
    for table in found.values():
        if table.get("kind") == "files" and isinstance(table.get("folder"), str):
            table["folder"] = str(path.parent / Path(table["folder"]).expanduser())
    return found


def _landing(table: Any, path: Path) -> Bounds:
    where = f"{path} [landing]"
    if not isinstance(table, dict):
        raise SettingsError("cannot be set as it stands", where, "it is a table")
    bounds = read_options(Bounds, table, where)
    too_small = [
        name
        for name, least in (("in_flight", 1), ("min_free_bytes", 0), ("max_item_bytes", 1))
        if getattr(bounds, name) < least
    ]
    too_small += [name for name in ("look_back", "keep") if getattr(bounds, name) < timedelta()]
    if too_small or bounds.in_flight > MOST_IN_FLIGHT:
        names = ", ".join(too_small or ["in_flight"])
        raise SettingsError(f"cannot be set so: {names}", where, f"in_flight is 1 to {MOST_IN_FLIGHT}")
    return bounds


def _named_file(tables: dict[str, Any], name: str, key: str, path: Path) -> Path | None:
    """The path that is the one key of a table; none where the table is not there."""
    table = tables.get(name, {})
    if table == {}:
        return None
    if not isinstance(table, dict) or set(table) != {key} or not isinstance(table[key], str):
        raise SettingsError(
            "cannot be set as it stands", f"{path} [{name}]", f"it holds `{key}`, the path of a file"
        )
    return path.parent / table[key]


def _rules(table: Any, path: Path) -> RuleSettings:
    named = table if isinstance(table, dict) else {"rules": table}
    faults = [
        f"{name} = {value!r}"
        for name, value in named.items()
        if not (name == "overrides" and isinstance(value, str))
        and not (
            name in ("folders", "only")
            and isinstance(value, list)
            and all(isinstance(item, str) for item in value)
        )
    ]
    if faults:
        raise SettingsError(
            f"cannot be set: {', '.join(faults)}",
            f"{path} [rules]",
            "folders and only are lists of texts, overrides is the path of a file",
        )
    return RuleSettings(
        folders=tuple(path.parent / folder for folder in named.get("folders", [])),
        only=tuple(named.get("only", [])),
        overrides=path.parent / named["overrides"] if "overrides" in named else None,
    )


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
