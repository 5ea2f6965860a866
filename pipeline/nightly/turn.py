"""One night's run at a time on a lake.

The lock is the system's own and goes with the process that holds it, however that ends; what stands in the file only says who
that is.
"""

import fcntl
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pipeline.errors import InputError
from pipeline.settings import make_folder


@contextmanager
def turn(lake_folder: Path, now: datetime) -> Generator[None]:
    """Raises InputError where another run is alive, and says which."""
    folder = lake_folder / "nightly"
    make_folder(folder)
    with (folder / "nightly.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read(200).strip() or "another process"
            raise InputError(
                f"another night's run holds this lake: {holder}",
                str(lake_folder),
                "wait for it, or end that process; nothing is lost by that",
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()} since {now:%Y-%m-%d %H:%M} UTC\n")
        lock.flush()
        yield
