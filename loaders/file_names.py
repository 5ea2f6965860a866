"""The name that a landed file gets: readable, harmless, and never another item's.

Keys come from a service, and who may write to it chooses them: `..`, absolute ones, control characters, names of any length.
So of a key only its plain characters are kept, and the digest of the whole item makes the name its own. The same item always
gets the same name: what was fetched and not yet noted is written over when it is fetched again.
"""

import re
from hashlib import sha256

from loaders.base import Item

SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # also the name of its folder
_SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,10})?\.[A-Za-z0-9]{1,10}\Z")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9=_-]+")
_PACKED = (".gz", ".zst", ".bz2", ".xz")


def landed_name(item: Item) -> str:
    """`<stream>-<8 hex>/<end of the key>-<20 hex><suffix>`, below the folder of the source. Never begins with `.` or `-`."""
    suffix = _suffix(item.key)
    end = _plain(item.key.removesuffix(suffix), 100)
    folder = f"{_plain(item.stream, 60)}-{_digest(item.stream)[:8]}"
    return f"{folder}/{end}-{_digest(item.stream, item.key, item.version)[:20]}{suffix}"


def _suffix(key: str) -> str:
    match = _SUFFIX.search(key)
    if match is None:
        return ""
    return match[0] if match[0].lower().endswith(_PACKED) else f".{match[0].rpartition('.')[2]}"


def _plain(text: str, length: int) -> str:
    """The end of a text is what tells one from the next: the hour of a blob, the number of a page."""
    return _NOT_PLAIN.sub("_", text[-4 * length :])[-length:].strip("_-") or "item"


def _digest(*parts: str) -> str:
    framed = b"".join(
        len(raw).to_bytes(8, "big") + raw for raw in (part.encode("utf-8", "surrogatepass") for part in parts)
    )
    return sha256(framed).hexdigest()
