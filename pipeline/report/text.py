"""Text from logs made fit to show: harmless in a terminal or a page, inert in a spreadsheet, exact in JSON.

Log fields are written by attackers. Nothing is lost in silence: what must not act is spelt out (`\\x1b`, `\\u202e`),
and `timeline.jsonl` and `timeline.parquet` keep the exact value.
"""

import json
import re
from datetime import datetime, timedelta
from typing import Any

from rich.cells import cell_len, set_cell_size

# A keyword in OpenSearch, so in Timesketch, ends at 32,766 bytes; a longer one costs the whole event.
CELL_BYTES = 32_000

# Unicode categories Cc, Cf, Cs, Zl and Zp: controls, bidi overrides, zero-width characters, surrogates, line separators.
# Written out because finding them takes a third of a second; a test compares them with `unicodedata`.
ACTING = (
    r"\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_ACTING = re.compile(f"[{ACTING}]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BREAK = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")

# What a spreadsheet takes for the start of a formula; the wide forms are folded to the plain ones by some.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def visible(value: object) -> str:
    """One line of text in which no character acts: ESC becomes `\\x1b`, a right-to-left override `\\u202e`."""
    text = "" if value is None else str(value)
    return text if text.isprintable() else _ACTING.sub(_spell_out, text)


def csv_cell(value: object) -> str:
    """A cell that no spreadsheet runs: controls removed, a leading quote before what would begin a formula, bounded."""
    if value is None:
        return ""
    given = str(value)
    text = given if given.isprintable() else visible(_CONTROL.sub("", _BREAK.sub(" ", given)))
    # Leading blanks are looked through, because some programs drop them; the given text counts, too: "\t=1" is a trick.
    if text.lstrip().startswith(FORMULA_STARTS) or given.startswith(FORMULA_STARTS):
        text = "'" + text
    if len(text) * 4 > CELL_BYTES:
        encoded = text.encode()
        if len(encoded) > CELL_BYTES:
            text = encoded[:CELL_BYTES].decode(errors="ignore") + " …"
    return text


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON that parses back to the same value and can be shown in a terminal: readable text stays, acting characters
    are `\\u` escapes. Keys are sorted only when indented, so that a line keeps its promised order."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(
        value, ensure_ascii=False, indent=indent, separators=separators, sort_keys=indent is not None, default=_plain,
        allow_nan=False,
    )  # fmt: skip
    # json.dumps has escaped what is below U+0020 inside strings; the newlines left are its own layout.
    if text.isprintable():
        return text
    return _ACTING.sub(lambda match: match[0] if match[0] == "\n" else _json_escape(match[0]), text)


def shorten(text: str, limit: int) -> str:
    """At most `limit` columns wide, cut in the middle: the two ends tell ARNs and keys apart. CJK takes two columns."""
    if cell_len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    end = set_cell_size(text[::-1], tail).strip()[::-1] if tail else ""
    return set_cell_size(text, limit - 1 - cell_len(end)).rstrip() + "…" + end


def iso(at: datetime | None) -> str | None:
    """`2026-03-02T09:14:05.000000Z`: always microseconds, so that text sorts as time."""
    return None if at is None else at.isoformat(timespec="microseconds") + "Z"


def clock(at: datetime | None) -> str:
    """`2026-03-02 09:14:05`, UTC, for people."""
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


def span(duration: timedelta) -> str:
    """The two largest units: `45 s`, `12 min`, `3 h 10 min`, `2 d 4 h`."""
    seconds = int(abs(duration).total_seconds())
    parts = (
        (seconds // 86400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    )
    first = next((index for index, (count, _) in enumerate(parts) if count), 3)
    shown = parts[first : first + 1] if first >= 2 else parts[first : first + 2]
    return " ".join(f"{count} {unit}" for index, (count, unit) in enumerate(shown) if count or not index)


def _spell_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[match[0]]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "items"):
        return dict(value)
    return str(value)
