"""Objects as Python prints them, `{'type': 'IAMUser', 'mfa': None}`, in cells of exports that a script wrote.

Only literals are read, nothing is run; what JSON could not hold stays text.
"""

import ast
import math
import re

MAX_CHARACTERS = 65_536
STARTS = re.compile(r"\{\s*'|\[\s*[{'\[]")


def from_python_text(text: str) -> object:
    """The object or list that a text prints, or None where it prints none."""
    if len(text) > MAX_CHARACTERS or "'" not in text or not STARTS.match(text):
        return None
    try:
        return _as_json(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _as_json(value: object) -> object:
    """Raises ValueError for what JSON cannot hold."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key that is no text")
        return {key: _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(inner) for inner in value]
    if (
        value is None
        or isinstance(value, str | bool | int)
        or (isinstance(value, float) and math.isfinite(value))
    ):
        return value
    raise ValueError(f"a {type(value).__name__}")
