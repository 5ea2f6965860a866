"""Rules that others wrote: what they leave out is filled from data, and whose they are is kept.

The Detection Rule License asks that every message based on a match names the author, and that a copy carries the licence
and a link. Both are taken from the folder that the rule came in.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DEFAULTS_FILE = Path(__file__).parent / "sigma_duckdb" / "imported_defaults.yaml"
HOUSE_KEYS = ("control_domain", "points", "close_when")
LICENCE_FILES = ("LICENSE.Detection.Rules.md", "LICENSE", "LICENSE.md", "LICENSE.txt", "COPYING")
LICENCES = (
    (re.compile(r"Detection Rule License", re.I), "DRL 1.1"),
    (re.compile(r"Apache License\s+Version 2", re.I), "Apache-2.0"),
    (re.compile(r"\bMIT License", re.I), "MIT"),
    (re.compile(r"GNU LESSER GENERAL PUBLIC", re.I), "LGPL"),
    (re.compile(r"GNU GENERAL PUBLIC", re.I), "GPL"),
    (re.compile(r"Elastic License", re.I), "Elastic License 2.0"),
)
MAX_LICENCE_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Origin:
    """The folder of rules that a rule came in: where it can be read, at which commit, and under which licence."""

    root: Path
    address: str = ""
    commit: str = ""
    licence: str = ""

    def link(self, path: Path) -> str:
        if not self.address:
            return ""
        try:
            inner = path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return self.address
        return f"{self.address}/blob/{self.commit}/{inner}" if self.commit else self.address


@cache
def read_defaults() -> dict[str, Any]:
    return yaml.safe_load(DEFAULTS_FILE.read_text(encoding="utf-8"))


def is_imported(keys: Mapping[str, Any]) -> bool:
    """Whether the rule says nothing that only ours say."""
    return not any(key in keys for key in HOUSE_KEYS)


def with_defaults(keys: Mapping[str, Any], path: Path, number: int) -> dict[str, Any]:
    """The keys of a rule of others with those that we need besides. `number` is the document's in its file."""
    defaults = read_defaults()
    name = str(keys.get("name") or "").strip() or (path.stem if number == 0 else f"{path.stem}_{number + 1}")
    level = str(keys.get("level") or "medium").strip().lower()
    return {
        "name": name,
        "status": "experimental",
        "description": keys.get("title"),
        "author": "an author whom the rule does not name",
        "date": "unknown",
        **{key: value for key, value in keys.items() if value not in (None, "", [])},
        "id": str(keys.get("id") or "").strip() or stand_in_id(keys),
        "level": level if level in defaults["points"] else "medium",
        "control_domain": control_domain(keys.get("tags")),
        "points": defaults["points"].get(level, defaults["points"]["medium"]),
        "close_when": defaults["close_when"],
    }


def control_domain(tags: Any) -> str:
    """Whose it is by its ATT&CK tags: the first technique that is known, else the first tactic."""
    defaults = read_defaults()
    listed = tags if isinstance(tags, list) else []
    attack = [str(tag).lower().removeprefix("attack.").replace("_", "-") for tag in listed]
    for length in (None, 1):
        for tag in attack:
            technique = tag if length is None else tag.split(".")[0]
            if domain := defaults["techniques"].get(technique):
                return domain
    return next(
        (defaults["tactics"][tag] for tag in attack if tag in defaults["tactics"]), defaults["otherwise"]
    )


def stand_in_id(keys: Mapping[str, Any]) -> str:
    """The same for the same rule: a rule without an id is known by its title and what it asks."""
    text = repr((keys.get("title"), keys.get("detection"), keys.get("correlation")))
    return f"sha256:{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:32]}"


@cache
def find_origin(folder: Path) -> Origin:
    """What the checkout that the folder lies in says of itself; nothing is run, and no file of another folder is read."""
    root = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)
    return Origin(
        root, _address(root), _commit(root), _licence(root) or (_licence(folder) if folder != root else "")
    )


def _address(root: Path) -> str:
    config = _read(root / ".git" / "config")
    found = re.search(
        r"url\s*=\s*(?:https?://(?:[^@/\s]*@)?|git@|ssh://git@)([\w.-]+)[:/]([\w./-]+?)(?:\.git)?\s*$",
        config,
        re.M,
    )
    return f"https://{found[1]}/{found[2]}" if found else ""


def _commit(root: Path) -> str:
    head = _read(root / ".git" / "HEAD").strip()
    if not head.startswith("ref: "):
        return head if re.fullmatch(r"[0-9a-f]{40}", head) else ""
    name = head.removeprefix("ref: ")
    packed = re.search(rf"^([0-9a-f]{{40}}) {re.escape(name)}$", _read(root / ".git" / "packed-refs"), re.M)
    loose = (
        _read(root / ".git" / name).strip()
        if re.fullmatch(r"refs/[\w./-]+", name) and ".." not in name
        else ""
    )
    return loose if re.fullmatch(r"[0-9a-f]{40}", loose) else packed[1] if packed else ""


def _licence(folder: Path) -> str:
    for name in LICENCE_FILES:
        text = _read(folder / name)
        if found := next((licence for pattern, licence in LICENCES if pattern.search(text)), ""):
            return found
    return ""


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(MAX_LICENCE_BYTES)
    except OSError:
        return ""
