"""Addresses that credentials may be sent to: the one that was set, and nothing that a service names.

Of a next link only the query is kept, so a hostile or broken one cannot lead a token elsewhere.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from pipeline.errors import LoadError, SettingsError

LONGEST_LINK = 8192


def checked_address(address: str, where: str) -> str:
    """`https://host[:port]`. Plain http only to this very machine, because credentials go with each request."""
    hint = "it is https:// and a host, such as https://example.okta.com"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{address!r} is no address", where, hint) from None
    host = parts.hostname or ""
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc)
    if not host or not is_bare or not all(c.isalnum() or c in ".-:" for c in host):
        raise SettingsError(f"{address!r} is no address of a service", where, hint)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host)):
        raise SettingsError(f"{address!r} would carry credentials in the clear", where, hint)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def checked_account_address(address: str, where: str) -> str:
    """As `checked_address`; on this very machine a path may follow, because emulators put the account there."""
    try:
        parts = urlsplit(address)
        bare = f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return checked_address(address, where)
    account = parts.path.strip("/")
    if account and _is_here(parts.hostname or "") and account.isalnum() and not parts.query:
        return f"{checked_address(bare, where)}/{account}"
    return checked_address(address, where)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def following_query(link: str, address: str, path: str, where: str) -> str:
    """The query of a next link, which must lead to the same address and path. Raises LoadError."""
    hint = "nothing was sent there; if that address is yours, set it in the settings"
    try:
        parts = urlsplit(link)
        leads_to = f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        raise LoadError("the next link is no address", where) from None
    if leads_to != address.lower():
        raise LoadError(f"the next link leads to {leads_to[:100]!r}", where, hint)
    if parts.path.lower() != path.lower():
        raise LoadError(f"the next link leads to {parts.path[:100]!r}", where, hint)
    query = parts.query.replace(" ", "%20")
    if not query or len(query) > LONGEST_LINK or not query.isascii() or not query.isprintable():
        raise LoadError("the next link has no query that can be sent", where)
    return query
