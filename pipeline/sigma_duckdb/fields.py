"""SQL that finds the values of a Sigma field in the vendor's record in `raw`.

Exports of one log differ in the case of the first letter of a key, in a wrapping `properties` object, in objects that
arrive as JSON text and in keys that hold a dot, so a field means a list of found values: an array on the path stands
for its elements, JSON text on the path is entered, and a flattened key is as good as a nested one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from pipeline.sigma_duckdb.log_sources import Column, KeyPath, LogSource, Root, Words, split_path

MAX_FLATTENED_KEYS = 6
PAIR_NAMES = ("Name", "name", "Key", "key", "displayName", "DisplayName")
PAIR_VALUES = ("Value", "value", "NewValue", "newValue")
PLAIN_KEY = re.compile(r'[^"*\\\x00-\x1f\x7f]+')
INDEXED_KEY = re.compile(r"(?P<key>.+?)(?:\[(?P<place>\d+)\]|\[\*?\]|\{\})")


def found_values(log_source: LogSource, field_name: str) -> str:
    """SQL: the JSON values of the field in `raw`, missing ones as SQL NULL, arrays not yet opened."""
    root = log_source.root(field_name)
    starts: list[str] = []
    for is_direct, paths in groupby(root.paths, _is_direct):
        if is_direct:
            starts.append(f"json_extract(raw, {_paths(paths)})")
        else:
            starts += [
                _followed(log_source, f"json_extract(raw, {_paths([path[:1]])})", path[1:]) for path in paths
            ]
    found = starts[0] if len(starts) == 1 else f"list_concat({', '.join(starts)})"
    if len(root.paths) > 1 and not root.takes_all:
        found = _first_value(found)
    return _with_flattened(_followed(log_source, found, root.keys), split_path(field_name))


def texts(log_source: LogSource, field_name: str, *, as_numbers: bool = False) -> str:
    """SQL: the field's values as a list of text; an object is its compact JSON. With `as_numbers` 443.0 is 443."""
    root = log_source.root(field_name)
    alone, element = (_number_text("v"), _number_text("e")) if as_numbers else ("v ->> '$'", "e ->> '$'")
    elements = f"list_transform({_elements('v')}, lambda e: {element})"
    taken = f"case json_type(v) when 'ARRAY' then {elements} else [{alone}] end"
    found = flat_map(found_values(log_source, field_name), taken)
    if not as_numbers and (path := _nested_path(log_source, root)):
        # most values are texts in objects: then two extractions do, at half the cost of following the path key by key
        is_text = f"json_type(raw, {path}) = 'VARCHAR' and not ({_is_flattened(split_path(field_name))})"
        found = f"case when {is_text} then [json_extract_string(raw, {path})] else {found} end"
    return f"list_concat({found}, {_worded(log_source, root.words)})" if root.words else found


def leaf_texts() -> str:
    """SQL: every value of the record that is not an object or array, as text."""
    leaves = (
        "list_filter(json_extract(raw, '$..*'), lambda v: json_type(v) not in ('OBJECT', 'ARRAY', 'NULL'))"
    )
    return f"list_transform({leaves}, lambda v: v ->> '$')"


def flat_map(values: str, expression: str) -> str:
    return f"flatten(list_transform({values}, lambda v: {expression}))"


def normalised_operation(text: str) -> str:
    """An operation name as staging writes it to `action`: dashes with blanks around them, trimmed, no trailing dot."""
    return with_plain_dashes(text).strip(" ").rstrip(".")


def with_plain_dashes(text: str) -> str:
    return re.sub(r"\s*[–—]\s*", " - ", text, flags=re.ASCII)


def literal(text: str) -> str:
    """A text as SQL. Only literals of rules come here, never a value from a log."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"half a character, which no text holds ({error.reason})") from error
    return "'" + text.replace("'", "''") + "'"


def column_text(column: Column, record: Mapping[str, Any]) -> str | None:
    """What staging writes to the column for this record: the text at the first of its paths that holds one."""
    for path in column.paths:
        value: Any = record
        for key in split_path(path):
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            if column.is_upper:
                return value.upper()
            return normalised_operation(value) if column.is_operation else value
    return None


def _followed(log_source: LogSource, found: str, keys: Iterable[str]) -> str:
    """SQL: what stands under the keys, with JSON text replaced by what it holds (Log Analytics, AWS policies) on the way."""
    for key in keys:
        spelled = log_source.spellings(key)
        paths = _json_paths([(spelling,) for spelling in spelled])
        read = f"list_transform({found}, lambda v: case json_type(v) when 'VARCHAR' then try_cast(v ->> '$' as json) else v end)"
        if len(paths) == 1 and not log_source.has_pairs and paths[0].startswith("$"):
            step, inner = (
                f"[v -> {literal(paths[0])}]",
                f"list_concat(json_extract(v, {literal('$[*]' + paths[0][1:])}), json_extract(v, {literal('$[*][*]' + paths[0][1:])}))",
            )
        else:
            step = f"json_extract(v, [{', '.join(map(literal, paths))}])"
            if log_source.has_pairs:
                step = f"list_concat({step}, {_pair_values(key)})"
            inner = flat_map(_elements("v"), step)
        found = flat_map(read, f"case json_type(v) when 'ARRAY' then {inner} else {step} end")
    return found


def _pair_values(key: str) -> str:
    """SQL: the value of an element that is a pair of this name; a change in the directory writes it as JSON text."""
    names = f"json_extract_string(v, {_paths([(name,) for name in PAIR_NAMES])})"
    value = f"list_filter(json_extract(v, {_paths([(name,) for name in PAIR_VALUES])}), lambda p: p is not null)[1]"
    is_named = f"list_contains(list_transform({names}, lambda n: lower(n)), lower({literal(key)}))"
    return f"case when {is_named} then [coalesce(try_cast({value} ->> '$' as json), {value})] else [] end"


def _first_value(found: str) -> str:
    """SQL: the first of the found values that says something, else the first that is there, as a list."""
    chosen = "list_concat(list_filter(l, lambda v: json_type(v) <> 'NULL'), list_filter(l, lambda v: v is not null))[1:1]"
    return f"list_transform([{found}], lambda l: {chosen})[1]"


def _with_flattened(found: str, keys: KeyPath) -> str:
    """SQL: the same and, in records that have them, the values under keys that hold the dots of the field's name."""
    if not 1 < len(keys) <= MAX_FLATTENED_KEYS:
        return found
    joined = [path for path in _joinings(keys) if len(path) < len(keys)]
    return f"list_concat({found}, case when {_is_flattened(keys)} then json_extract(raw, {_paths(joined)}) else [] end)"


def _is_flattened(keys: KeyPath) -> str:
    """SQL: whether the record may hold the field under a key with dots."""
    return " or ".join(f"contains(raw, {literal(f'{first}.{second}')})" for first, second in pairwise(keys))


def _nested_path(log_source: LogSource, root: Root) -> str:
    """SQL: the one JSON path of a field that lies in objects, where no spelling and no pair may hold it elsewhere; else empty."""
    if len(root.paths) != 1 or not root.keys or log_source.has_pairs:
        return ""
    keys = (*root.paths[0], *root.keys)
    is_plain = all(
        PLAIN_KEY.fullmatch(key) and not INDEXED_KEY.fullmatch(key) and len(log_source.spellings(key)) == 1
        for key in keys
    )
    return literal(_json_path(keys)) if is_plain and len(keys) <= MAX_FLATTENED_KEYS else ""


def _joinings(keys: KeyPath) -> Iterator[KeyPath]:
    """Every way to take neighbouring keys as one that holds dots."""
    if not keys:
        yield ()
    for length in range(1, len(keys) + 1):
        for rest in _joinings(keys[length:]):
            yield (".".join(keys[:length]), *rest)


def _worded(log_source: LogSource, words: Words) -> str:
    """SQL: a list of the code in words, empty where there is no code."""
    found = [
        _followed(log_source, f"json_extract(raw, {_paths([path[:1]])})", path[1:]) for path in words.paths
    ]
    code = f"list_filter(list_transform(list_concat({', '.join(found)}, []::json[]), lambda v: v ->> '$'), lambda t: t <> '')[1]"
    if words.before is not None:
        return f"list_filter([split_part({code}, {literal(words.before)}, 1)], lambda t: t is not null)"
    cases = " ".join(
        f"when {literal(code_text)} then {literal(text)}" for code_text, text in words.are.items()
    )
    otherwise = (
        "null"
        if words.otherwise is None
        else f"case when {code} is not null then {literal(words.otherwise)} end"
    )
    return f"list_filter([case lower({code}) {cases} else {otherwise} end], lambda t: t is not null)"


def _elements(v: str) -> str:
    """SQL: the elements of an array, and those of an array in it."""
    return f"list_concat(list_filter(json_extract({v}, '$[*]'), lambda e: json_type(e) <> 'ARRAY'), json_extract({v}, '$[*][*]'))"


def _number_text(v: str) -> str:
    number = f"try_cast({v} as double)"
    is_whole = f"{number} = trunc({number}) and abs({number}) < 1e15"
    return f"case when json_type({v}) = 'DOUBLE' and {is_whole} then try_cast({number} as bigint)::varchar else {v} ->> '$' end"


def _is_direct(path: Sequence[str]) -> bool:
    """Whether one extraction finds it; what lies deeper may stand in JSON text, which must be entered."""
    return len(path) == 1 or (len(path) == 2 and path[0] in ("properties", "Properties"))


def _paths(paths: Iterable[Sequence[str]]) -> str:
    """SQL: a list of JSON paths."""
    return "[" + ", ".join(map(literal, _json_paths(paths))) + "]"


def _json_paths(paths: Iterable[Sequence[str]]) -> list[str]:
    """JSON paths. A key in the form `a[0]` is tried as it is, then as a place in a list."""
    spelled: dict[str, None] = {}
    for path in paths:
        spelled[_json_path(path)] = None
        if path and (indexed := INDEXED_KEY.fullmatch(path[-1])):
            place = f"[{indexed['place']}]" if indexed["place"] else ""
            spelled[_json_path([*path[:-1], indexed["key"]]) + place] = None
    return list(spelled)


def _json_path(path: Sequence[str]) -> str:
    """Inside a quoted key DuckDB reads * as a wildcard and has no escape for a quote; a JSON pointer has neither."""
    if all(PLAIN_KEY.fullmatch(key) for key in path):
        return "$" + "".join(f'."{key}"' for key in path)
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)
