"""Sigma files as YAML documents that are safe to walk, with the place of every key.

A file may be hostile: its size, nesting, aliases and doubled keys are looked at before anything is built from it (the C
parser of YAML crashes on deep nesting, and a chain of aliases grows beyond any memory).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

MAX_BYTES = 1_000_000
MAX_NESTING = 60
MAX_NODES = 200_000
Place = tuple[int, int]
"""Line and column, both from 1."""


class DocumentError(Exception):
    """A file that is not read, and where in it."""

    def __init__(self, what: str, place: Place = (1, 1)) -> None:
        self.what, self.place = what, place
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file. `text` is it alone, below as many empty lines as stand before it in the file."""

    keys: dict[Any, Any]
    text: str
    places: Mapping[tuple[str, ...], Place] = field(compare=False)

    def place(self, *path: str) -> Place:
        """Where the key at this path stands, or the nearest above it."""
        for length in range(len(path), 0, -1):
            if found := self.places.get(path[:length]):
                return found
        return next(iter(self.places.values()), (1, 1))


def read_documents(text: str) -> list[Document]:
    """Every document of a file, empty ones left out; not to be changed. Raises DocumentError at the first fault."""
    return list(_read_documents(text))


# one rule is read as a file, as a query and as a question to the lake
@lru_cache(maxsize=8192)
def _read_documents(text: str) -> tuple[Document, ...]:
    if len(text) > MAX_BYTES:
        raise DocumentError(f"larger than {MAX_BYTES:,} characters, which no rule is")
    try:
        _check_events(text)
        loader = yaml.CSafeLoader(text)
        found: list[Document] = []
        lines = text.splitlines(keepends=True)
        while loader.check_node():
            node = loader.get_node()
            if document := _document(loader, node, lines):
                found.append(document)
    except yaml.YAMLError as error:
        raise _document_error(error) from error
    except (
        ValueError,
        OverflowError,
        RecursionError,
        TypeError,
    ) as error:  # an impossible date, a list as a key
        raise DocumentError(f"not YAML that can be read ({error})") from error
    return tuple(found)


def _check_events(text: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING or number > MAX_NODES:
            what = "nested too deep" if depth > MAX_NESTING else "too many values"
            raise DocumentError(f"{what}, which no rule is", _place(event))


def _document(loader: Any, node: yaml.Node | None, lines: list[str]) -> Document | None:
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return None
    if not isinstance(node, yaml.MappingNode):
        raise DocumentError("not a mapping of keys", _place(node))
    _size(node, {}, set())
    places: dict[tuple[str, ...], Place] = {}
    for path, place in _key_places(node, ()):
        if path in places:
            raise DocumentError(f"the key {path[-1]!r} is given twice", place)
        places[path] = place
    start, end = node.start_mark.line, node.end_mark.line
    body = "".join(lines[start : end + 1 if node.end_mark.column else end])
    return Document(loader.construct_document(node), "\n" * start + body, places)


def _size(node: yaml.Node, sizes: dict[int, int], above: set[int]) -> int:
    """How many values the node has when every alias is written out."""
    if id(node) in above:
        raise DocumentError("an alias holds itself", _place(node))
    if id(node) not in sizes:
        above.add(id(node))
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        sizes[id(node)] = 1 + sum(_size(child, sizes, above) for child in children)
        above.discard(id(node))
    if sizes[id(node)] > MAX_NODES:
        raise DocumentError("its aliases grow to too many values", _place(node))
    return sizes[id(node)]


def _key_places(node: yaml.Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Place]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, _place(key)
            yield from _key_places(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _key_places(item, (*path, str(number)))


def _place(found: Any) -> Place:
    mark = found.start_mark
    return mark.line + 1, mark.column + 1


def _document_error(error: yaml.YAMLError) -> DocumentError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return DocumentError(f"not YAML ({problem})", (mark.line + 1, mark.column + 1) if mark else (1, 1))
