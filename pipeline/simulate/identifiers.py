"""Vendor identifiers with their real inner structure, from a seeded `random.Random` only.

An AWS access key id contains its account (base32 of its last 16 characters: one set bit, 40 bits of account, the rest
random), an Entra token id (`uti`) is a GUID in little-endian base64url. Sources:
https://awsteele.com/blog/2020/09/26/aws-access-key-format.html,
https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-track-linkable-identifiers
"""

import base64
import binascii
import hashlib
import uuid
from random import Random

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
UPPER_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
LOWER_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789"
MARK_BIT = 1 << 47
ACCOUNT_MASK = 0x7FFF_FFFF_FF80


def text_of(alphabet: str, length: int, rng: Random) -> str:
    return "".join(alphabet[int(rng.random() * len(alphabet))] for _ in range(length))


def access_key_id(prefix: str, account_id: str, rng: Random) -> str:
    """A key id such as `AKIA` or `ASIA` + 16 characters that decodes to `account_id`."""
    head = MARK_BIT | (int(account_id) << 7) | rng.getrandbits(7)
    body = head.to_bytes(6, "big") + rng.randbytes(4)
    return prefix + base64.b32encode(body).decode("ascii")


def account_of_key(key_id: str) -> str | None:
    """The 12-digit account inside a key id; None for the older ids (fifth character A..P) and for what is no key id."""
    if len(key_id) != 20:
        return None
    try:
        head = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
    except (binascii.Error, ValueError):
        return None
    account = (head & ACCOUNT_MASK) >> 7
    return f"{account:012d}" if head & MARK_BIT and account < 10**12 else None


def principal_id(prefix: str, rng: Random) -> str:
    """`AROA…` for a role, `AIDA…` for a user: a prefix and 17 characters."""
    return prefix + text_of(BASE32, 17, rng)


def guid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def request_guid(rng: Random) -> str:
    """Entra request ids end in `00` or `01`."""
    return guid(rng)[:-2] + ("00" if rng.random() < 0.7 else "01")


def token_id_of(guid_text: str) -> str:
    """The 22-character `uti` of a GUID: base64url of its 16 bytes in .NET order, without padding."""
    return base64.urlsafe_b64encode(uuid.UUID(guid_text).bytes_le).decode("ascii").rstrip("=")


def guid_of_token(token_id: str) -> str:
    """The GUID inside a 22-character `uti`. Raises ValueError for any other text."""
    if len(token_id) != 22:
        raise ValueError(f"{len(token_id)} characters are no token id: expected 22")
    return str(uuid.UUID(bytes_le=base64.urlsafe_b64decode(token_id + "==")))


def aws_resource_id(prefix: str, rng: Random) -> str:
    """`snap-0…`, `vol-0…`, `i-0…`: 17 hexadecimal digits, the first 0."""
    return f"{prefix}-0{rng.getrandbits(64):016x}"


def session_token(rng: Random) -> str:
    """Looks like an STS session token, and is random bytes: shorter than a real one, to keep samples small."""
    return "IQoJb3JpZ2luX2Vj" + base64.b64encode(rng.randbytes(96)).decode("ascii")


def s3_request_id(rng: Random) -> str:
    return text_of(UPPER_ALPHANUMERIC, 16, rng)


def s3_host_id(rng: Random) -> str:
    return base64.b64encode(rng.randbytes(56)).decode("ascii")


def key_hash(secret: str) -> str:
    """SHA-256 in upper-case hexadecimal, as storage logs print the hash of a key or token."""
    return hashlib.sha256(secret.encode()).hexdigest().upper()
