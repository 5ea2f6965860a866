"""Where the bytes of one fetch go: a temporary file in the landing folder, counted, digested and bounded."""

import contextlib
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from loaders.bounds import Bounds
from pipeline.errors import LoadError

DISK_LOOK_BYTES = 4 << 20  # written between two looks at the disk
BUFFER_BYTES = 256 << 10


class LandingStopped(LoadError):
    """The disk cannot take more. What was landed is kept, the rest waits, and no other source is tried."""


class Stopped(BaseException):
    """Ends a fetch from within `write`. No Exception, so that no loader takes it for a fault of its service."""


class DiskFault(Stopped):
    """`__cause__` says which."""


class TooLarge(Stopped):
    """One item is larger than an item may be."""


class Sink:
    def __init__(self, path: Path, bounds: Bounds, is_stopped: Callable[[], bool], announced: int) -> None:
        self._path, self._bounds, self._is_stopped = path, bounds, is_stopped
        self._look_at = DISK_LOOK_BYTES
        self.byte_count = 0
        self.digest = sha256()
        try:
            look_at_disk(path.parent, bounds, min(announced, bounds.max_item_bytes))
            self._file = path.open("wb", buffering=BUFFER_BYTES)
        except (OSError, LandingStopped) as error:
            raise DiskFault from error

    def write(self, piece: bytes) -> int:
        """Raises Stopped where the load ends, TooLarge, and DiskFault where there is no room."""
        if self._is_stopped():
            raise Stopped
        self.byte_count += len(piece)
        if self.byte_count > self._bounds.max_item_bytes:
            raise TooLarge
        try:
            if self.byte_count >= self._look_at:
                look_at_disk(self._path.parent, self._bounds)
                self._look_at = self.byte_count + DISK_LOOK_BYTES
            self._file.write(piece)
        except (OSError, LandingStopped) as error:
            raise DiskFault from error
        self.digest.update(piece)
        return len(piece)

    def keep_as(self, path: Path) -> None:
        """The file is whole on disk before it has its name; its folder is for the caller to sync."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.replace(path)
        except OSError as error:
            raise DiskFault from error

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what could not be flushed is not kept
            self._file.close()


def look_at_disk(folder: Path, bounds: Bounds, wanted: int = 0) -> None:
    """Raises LandingStopped where less than the bound would be free."""
    free = shutil.disk_usage(folder).free
    if free - wanted < bounds.min_free_bytes:
        raise LandingStopped(
            f"{free / 1e9:,.1f} GB of disk are free, {bounds.min_free_bytes / 1e9:,.1f} GB must stay free",
            str(folder),
            "make room, or set min_free_bytes under [landing]; what was landed is kept and the rest waits",
        )


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
