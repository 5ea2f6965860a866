"""Documents of Elastic's CloudTrail integration whose original text was not kept, as far as they can be put back.

Names are nested or joined with dots there, and fields of ECS hold most of the record. What has no place in the record stays
under `ecs`. Source: packages/aws/data_stream/cloudtrail of https://github.com/elastic/integrations
"""

from collections.abc import Iterator
from typing import Any

from pipeline.shapes.cloudtrail_fields import (
    FIELDS,
    OBJECTS,
    fields_at,
    plain,
    put,
    spelled,
    unwritten,
    with_types,
)
from pipeline.shapes.placing import Path, Record

MAX_DEPTH = 12
_SESSION = ("userIdentity", "sessionContext")
PLACES: dict[Path, Path] = {
    ("@timestamp",): ("eventTime",),
    ("event", "id"): ("eventID",),
    ("event", "provider"): ("eventSource",),
    ("event", "action"): ("eventName",),
    ("cloud", "region"): ("awsRegion",),
    ("cloud", "account", "id"): ("userIdentity", "accountId"),
    ("source", "address"): ("sourceIPAddress",),
    ("source", "ip"): ("sourceIPAddress",),
    ("user", "id"): ("userIdentity", "principalId"),
    ("user", "name"): ("userIdentity", "userName"),
    ("user_agent", "original"): ("userAgent",),
    ("tls", "cipher"): ("tlsDetails", "cipherSuite"),
    ("tls", "client", "server_name"): ("tlsDetails", "clientProvidedHostHeader"),
}
FIELD_NAMES = {plain(name): name for name in FIELDS}
CLOUDTRAIL = ("aws", "cloudtrail")
FLATTENED = "flattened"  # the objects; beside them the same as Java prints it


def reshape_document(document: Record) -> Record | None:
    """The record of a document, or None where it is none of CloudTrail's or names no call."""
    nested = _nested(document)
    aws = nested.get("aws")
    trail = aws.get("cloudtrail") if isinstance(aws, dict) else None
    if not isinstance(trail, dict):
        return None
    shaped: Record = {}
    left: Record = {}
    for path, value in _fields(nested, trail):
        target = _place_of(path, trail)
        if target is None or not put(shaped, target, _value(target, value)):
            put(left, path, value)
    if not shaped.get("eventName") and "insightDetails" not in shaped:
        return None
    if shaped.get("eventName"):
        shaped.setdefault("eventSource", "")
    return with_types(shaped) | ({"ecs": left} if left else {})


def _nested(document: Record) -> Record:
    """The document with the dots of its names opened; a name that cannot be opened stays."""
    nested: Record = {}
    for key in sorted(document, key=lambda key: key.count(".")):
        path = tuple(key.split("."))
        value = dict(document[key]) if isinstance(document[key], dict) else document[key]
        if len(path) > MAX_DEPTH or not put(nested, path, value):
            nested[key] = value
    return nested


def _fields(nested: Record, trail: Record) -> Iterator[tuple[Path, Any]]:
    """Each field with its path: of the trail's own the objects first, and of ECS the single values."""
    flattened = trail.get(FLATTENED)
    if isinstance(flattened, dict):
        yield from (((*CLOUDTRAIL, FLATTENED, key), value) for key, value in flattened.items())
    for key, value in trail.items():
        if key != FLATTENED or not isinstance(value, dict):
            yield (*CLOUDTRAIL, key), value
    yield from _leaves({key: value for key, value in nested.items() if key != "aws"}, ())
    aws = nested["aws"]
    yield from _leaves({"aws": {key: value for key, value in aws.items() if key != "cloudtrail"}}, ())


def _leaves(value: Record, above: Path) -> Iterator[tuple[Path, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and len(above) < MAX_DEPTH:
            yield from _leaves(inner, (*above, key))
        else:
            yield (*above, key), inner


def _place_of(path: Path, trail: Record) -> Path | None:
    if path[:2] == CLOUDTRAIL and len(path) > 2:
        name = FIELD_NAMES.get(plain(path[-1]))
        return (name,) if name and (len(path) == 3 or path[2] == FLATTENED) else None
    if path == ("user", "name") and _identity_type(trail) == "AssumedRole":
        return (*_SESSION, "sessionIssuer", "userName")  # that is what Elastic puts there
    return PLACES.get(path)


def _identity_type(trail: Record) -> Any:
    identity = trail.get("user_identity")
    return identity.get("type") if isinstance(identity, dict) else None


def _value(target: Path, value: Any) -> Any:
    if target == ("userIdentity",):
        return _identity(value)
    if target[0] in OBJECTS and len(target) == 1:
        fields = fields_at(target)
        value = unwritten(value)
        value = [value] if target == ("resources",) and isinstance(value, dict) else value
        return spelled(value, fields) if fields else dict(value) if isinstance(value, dict) else value
    if isinstance(value, list) and len(value) == 1:  # as the `fields` of a search have it
        return value[0]
    return value


def _identity(value: Any) -> Any:
    """`user_identity`, whose session has the attributes without the object that holds them."""
    if not isinstance(value, dict):
        return value
    identity = spelled(value, fields_at(("userIdentity",)))
    session = identity.get("sessionContext")
    if isinstance(session, dict):
        for key in list(session):
            name = {"mfaauthenticated": "mfaAuthenticated", "creationdate": "creationDate"}.get(plain(key))
            if name and put(session, ("attributes", name), session[key]):
                del session[key]
    return identity
