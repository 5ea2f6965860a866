"""A patient reader for the files that DuckDB cannot take whole: it cuts a file into the text of its records.

Each whole record is kept and each broken one gets a reason. A file is read a window at a time, so its size does not
matter; the text of a record is not written anew, so numbers keep all their digits.
"""

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.envelopes.content import CHUNK, Content, is_broken_text, readable
from pipeline.envelopes.tables import read_rows
from pipeline.limits import DEFAULT_LIMITS, Limits

KEPT_OF_BROKEN = 1 << 20  # characters of what is no record
ENVELOPE_KEYS = ("Records", "records")


@dataclass(frozen=True, slots=True)
class Piece:
    """One record's text, or with a `problem` the text that is no record."""

    text: str
    problem: str | None = None


def read_patiently(path: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[Piece]:
    """All pieces of a file of JSON, whole records first to last; ends with a piece that has a problem where the rest is
    lost."""
    content = Content(path, limits)
    yield from _pieces(_Window(content.texts(), limits.max_record_bytes))
    if content.problem:
        yield Piece("", content.problem)


def read_table(path: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[Piece]:
    """The rows of a table of text as objects of text."""
    content = Content(path, limits)
    for row, problem in read_rows(_lines(content.texts())):
        text = json.dumps(row, ensure_ascii=False)
        if is_broken_text(text):
            text, problem = readable(text), problem or "holds bytes that are not UTF-8"
        yield Piece(text, problem)
    if content.problem:
        yield Piece("", content.problem)


def _lines(texts: Iterator[str]) -> Iterator[str]:
    """Lines with their ends, and no other line ends than \\n, so that a cell keeps what it holds."""
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield line + "\n"
    if rest:
        yield rest


class _Window:
    """The text from `position` on, as far as it has been read."""

    def __init__(self, texts: Iterator[str], max_record: int) -> None:
        self._texts = texts
        self.max_record = max_record
        self.text = ""
        self.position = 0
        self.is_whole = False  # nothing more will come

    def grow(self) -> None:
        """At least doubles what lies ahead: a record that needs it all is decoded few times."""
        ahead = len(self.text) - self.position
        parts, wanted = [self.text[self.position :]], max(ahead, CHUNK)
        while wanted > 0 and not self.is_whole:
            part = next(self._texts, None)
            self.is_whole = part is None
            parts.append(part or "")
            wanted -= len(part or "")
        self.text, self.position = "".join(parts), 0

    @property
    def is_full(self) -> bool:
        return self.is_whole or len(self.text) - self.position > self.max_record

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Past what the pattern matches here and in what follows; whether anything is left."""
        while True:
            match = pattern.match(self.text, self.position)
            self.position = match.end() if match else self.position
            if self.position < len(self.text) or self.is_whole:
                return self.position < len(self.text)
            self.grow()

    def take(self, end: int) -> str:
        taken = self.text[self.position : end]
        self.position = end
        return taken


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
LENIENT = json.JSONDecoder(
    parse_constant=_refuse_constant, strict=False
)  # takes raw control characters in strings
BLANK = re.compile(r"[\s,\x00]*")
LIST_START = re.compile(r'\{\s*"(?:Records|records)"\s*:\s*\[')
# an envelope that is too large to be held: scalar members may stand before its list
LARGE_LIST_START = re.compile(
    r'\{(?:\s*"[^"\\\n]*"\s*:\s*(?:"(?:[^"\\\n]|\\.)*"|[-\d.eE+]+|true|false|null)\s*,)*'
    r'\s*"(?:Records|records|value|values|Events|events|data|logs|items|results)"\s*:\s*\['
)
LIST_END = re.compile(r"\]\s*\}?")
TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}]', re.DOTALL)


def _pieces(window: _Window) -> Iterator[Piece]:
    while window.skip(BLANK):
        start = window.text[window.position]
        if start == "[":
            window.position += 1
            yield from _list_pieces(window)
            continue
        value, end, problem = _decode(window)
        if problem is None:
            yield from _expand(window.take(end), value)
        elif opened := _opened_list(window):
            window.position = opened.end()
            yield from _list_pieces(window)
        elif (end := _end_of_broken(window)) or window.is_whole:
            yield _broken(window, problem, end)
        else:
            yield _too_large(window)


def _opened_list(window: _Window) -> re.Match[str] | None:
    """The start of a list of records that is too large, or broken, to be one document."""
    match = LIST_START.match(window.text, window.position)
    return match or LARGE_LIST_START.match(window.text, window.position)


def _expand(text: str, value: object) -> Iterator[Piece]:
    """A whole top-level value: an envelope is cut into its elements, an object is a record."""
    opened = LIST_START.match(text)
    if opened and isinstance(value, dict):
        inner = _Window(iter([text[opened.end() :]]), len(text))
        yield from _list_pieces(inner)
    elif isinstance(value, dict) and any(isinstance(value.get(key), list) for key in ENVELOPE_KEYS):
        for element in next(value[key] for key in ENVELOPE_KEYS if isinstance(value.get(key), list)):
            yield _judged(json.dumps(element, ensure_ascii=False, separators=(",", ":")), element)
    else:
        yield _judged(text, value)


def _list_pieces(window: _Window) -> Generator[Piece]:
    """The elements of a list whose `[` is behind us. A broken element costs itself if its end can be found, else the rest
    of the list."""
    while window.skip(BLANK) and window.text[window.position] != "]":
        value, end, problem = _decode(window)
        if problem is None:
            yield _judged(window.take(end), value)
        elif end := _end_of_object(window) or _next_element(window):
            yield _broken(window, problem, end)
        elif window.is_whole:
            yield _broken(window, f"the list is cut here: {problem}", None)
        else:
            yield _too_large(window)
    if window.skip(BLANK) and (match := LIST_END.match(window.text, window.position)):
        window.position = match.end()


def _decode(window: _Window) -> tuple[object, int, str | None]:
    """The value here and where it ends, reading on as far as a record may reach."""
    while True:
        try:
            value, end = DECODER.raw_decode(window.text, window.position)
        except json.JSONDecodeError as error:
            if not window.is_full:
                window.grow()
                continue
            return _decode_leniently(window, error)
        except RecursionError:
            return None, window.position, "not JSON that we read (nested too deep)"
        except ValueError as error:
            return None, window.position, f"not JSON ({error})"
        if end == len(window.text) and not window.is_whole:
            window.grow()  # a number may go on
            continue
        return value, end, None


def _decode_leniently(window: _Window, error: json.JSONDecodeError) -> tuple[object, int, str | None]:
    if "control character" not in error.msg:
        return (
            None,
            window.position,
            f"not JSON ({error.msg.removesuffix(' at')} at character {error.pos - window.position})",
        )
    try:
        value, end = LENIENT.raw_decode(window.text, window.position)
    except (ValueError, RecursionError):
        return (
            None,
            window.position,
            f"not JSON ({error.msg.removesuffix(' at')} at character {error.pos - window.position})",
        )
    return value, end, None


def _judged(record: str, value: object) -> Piece:
    if not isinstance(value, dict):
        return Piece(readable(record), "not an object")
    if is_broken_text(record):
        return Piece(readable(record), "holds bytes that are not UTF-8")
    if CONTROL.search(record) and _has_raw_controls(record):
        record = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Piece(record)


CONTROL = re.compile(r"[\x00-\x1f]")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _has_raw_controls(record: str) -> bool:
    """Whether a string of the record holds a control character unescaped, which strict readers refuse."""
    return any(CONTROL.search(match.group()) for match in STRING.finditer(record))


def _broken(window: _Window, problem: str, end: int | None) -> Piece:
    text = window.take(end if end is not None else len(window.text))
    return Piece(readable(text[:KEPT_OF_BROKEN]), problem)


def _end_of_object(window: _Window) -> int | None:
    """Where the object that starts here closes, strings respected; None where it does not or none starts."""
    if window.text[window.position] != "{":
        return None
    depth = 0
    for token in TOKEN.finditer(window.text, window.position):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth == 0:
            return token.end()
    return None


def _next_element(window: _Window) -> int | None:
    """Where the next element of a list seems to start after a broken one, in a window that holds the rest of the file."""
    match = NEXT_ELEMENT.search(window.text, window.position) if window.is_whole else None
    return match.end() if match else None


NEXT_ELEMENT = re.compile(r"\}\s*,(?=\s*\{)")


def _end_of_broken(window: _Window) -> int | None:
    """The end of what is broken: its line, where the next line starts a record again, else its last brace."""
    line_end = window.text.find("\n", window.position)
    if line_end < 0:
        return _end_of_object(window)
    following = BLANK.match(window.text, line_end)
    after = window.text[following.end() : following.end() + 1] if following else ""
    is_one_line = window.text[window.position] != "{" or after in ("{", "[", "")
    return line_end if is_one_line else _end_of_object(window) or line_end


def _too_large(window: _Window) -> Piece:
    """Past a value that does not end within the bound of a record, without holding it."""
    kept, depth, is_string = window.text[window.position : window.position + KEPT_OF_BROKEN], 0, False
    while True:
        for mark in MARK.finditer(window.text, window.position):
            window.position = mark.end()
            if mark.group() == '"':
                is_string = not is_string
            elif not is_string and len(mark.group()) == 1:
                depth += 1 if mark.group() in "{[" else -1
                if depth <= 0:
                    return Piece(readable(kept), f"larger than {window.max_record:,} bytes")
        if window.is_whole:
            window.position = len(window.text)
            return Piece(readable(kept), "never closed: the rest of the file is not read")
        window.position = max(window.position, len(window.text) - 1)
        window.grow()


MARK = re.compile(r'\\[\s\S]|["{}\[\]]')
