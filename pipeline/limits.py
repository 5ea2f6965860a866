"""How much of a hostile or broken file is read before it is set aside. All can be set under `[ingest]` in postreset.toml."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes are decompressed ones. A gzip of logs is 10 to 20 times smaller than its content, a bomb 1,000 times."""

    max_ratio: int = 250
    free_bytes: int = 256 << 20  # read before the ratio is looked at
    max_file_bytes: int = 256 << 30
    max_record_bytes: int = 16 << 20  # CloudTrail events end at 1 MiB, Log Analytics rows at 2 MiB
    max_members: int = 200_000  # of one archive

    def excess(self, packed: int, unpacked: int) -> str | None:
        """Why no more than `unpacked` bytes are read from `packed` ones, or None while more may come."""
        if unpacked > self.max_file_bytes:
            return f"larger than {self.max_file_bytes >> 20:,} MiB: split it"
        if unpacked > self.free_bytes and unpacked > self.max_ratio * max(packed, 1):
            return f"decompresses to more than {self.max_ratio} times its size: the rest is not read"
        return None


DEFAULT_LIMITS = Limits()
