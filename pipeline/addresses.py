"""Addresses as vendors write them, in canonical form: with a port, in brackets, mapped IPv4. What is no address is None."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=65_536)
def canonical_address(text: str) -> str | None:
    """`10.0.0.1:443` → `10.0.0.1`; `[2001:DB8::1]:443` → `2001:db8::1`; `::ffff:10.0.0.1` → `10.0.0.1`; a host name → None."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return None if address.is_unspecified else str(mapped or address)  # 0.0.0.0 is everybody's
