"""Where our own files lie, what holds when nobody says otherwise, and what a settings file says otherwise."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pipeline.errors import InputError, SettingsError
from pipeline.limits import DEFAULT_LIMITS, Limits

DEFAULT_LAKE = Path("data/lake")
SETTINGS_FILE = Path("postreset.toml")


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
    brought, and `[inventory]` the `file` that says what is whose, by paths that are relative to the settings file."""

    limits: Limits = DEFAULT_LIMITS
    rules: RuleSettings = RuleSettings()
    inventory: Path | None = None


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
    unknown = sorted(tables.keys() - {"ingest", "inventory", "rules"})
    if unknown:
        raise SettingsError(
            f"unknown tables: {', '.join(unknown)}", str(path), "[ingest], [inventory] and [rules] are known"
        )
    return Settings(
        limits=_limits(tables.get("ingest", {}), path),
        rules=_rules(tables.get("rules", {}), path),
        inventory=_inventory(tables.get("inventory", {}), path),
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


def _inventory(table: Any, path: Path) -> Path | None:
    if table == {}:
        return None
    if not isinstance(table, dict) or set(table) != {"file"} or not isinstance(table["file"], str):
        raise SettingsError(
            "cannot be set as it stands", f"{path} [inventory]", "it holds `file`, the path of a CSV"
        )
    return path.parent / table["file"]


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
