"""The fields of a CloudTrail record by their true names, and how a record is put together from others' spellings of them.

Exports write `useridentity`, `user_identity.access_key_id`, `userIdentityaccessKeyId` or `User name`. All are one field:
only letters and digits count. Nothing is dropped: a value whose place is taken stays beside it, under the name it came with.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pipeline.shapes.placing import Path, Record, opened
from pipeline.shapes.python_text import from_python_text
from pipeline.shapes.struct_text import from_struct_text

Tree = dict[str, "Tree | None"]  # None: a field without fields of its own that we know
MAX_DEPTH = 12  # of the objects that we look into; what lies deeper stays as it is
MAX_INDEX = 1_000
LONGEST_NAME = 120

_ISSUER: Tree = dict.fromkeys(["type", "principalId", "arn", "accountId", "userName"])
_IDENTITY: Tree = {
    **dict.fromkeys(["type", "principalId", "arn", "accountId", "accessKeyId", "userName", "invokedBy"]),
    **dict.fromkeys(["identityProvider", "credentialId"]),
    "onBehalfOf": dict.fromkeys(["userId", "identityStoreArn"]),
    "inScopeOf": dict.fromkeys(["issuerType", "credentialsIssuedTo", "sourceArn", "sourceAccount"]),
    "sessionContext": {
        **dict.fromkeys(["sourceIdentity", "ec2RoleDelivery", "ec2IssuedInVpc", "assumedRoot", "signInSessionArn"]),
        "attributes": dict.fromkeys(["creationDate", "mfaAuthenticated"]),
        "sessionIssuer": _ISSUER,
        "webIdFederationData": {"federatedProvider": None, "attributes": None},
    },
}  # fmt: skip
_INSIGHT: Tree = dict.fromkeys(
    ["state", "eventSource", "eventName", "insightType", "errorCode", "insightContext"]
)
FIELDS: Tree = {
    **dict.fromkeys(["eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent"]),
    **dict.fromkeys(["errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData"]),
    **dict.fromkeys(["requestID", "eventID", "readOnly", "eventType", "apiVersion", "managementEvent", "eventCategory"]),
    **dict.fromkeys(["recipientAccountId", "serviceEventDetails", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId"]),
    **dict.fromkeys(["sessionCredentialFromConsole", "edgeDeviceDetails", "eventContext", "annotation"]),
    "userIdentity": _IDENTITY,
    "resources": dict.fromkeys(["ARN", "ARNPrefix", "accountId", "type"]),
    "addendum": dict.fromkeys(["reason", "updatedFields", "originalRequestID", "originalEventID"]),
    "tlsDetails": dict.fromkeys(["tlsVersion", "cipherSuite", "clientProvidedHostHeader", "keyExchange"]),
    "insightDetails": _INSIGHT,
}  # fmt: skip
# objects whose fields are the services' own
FREE = frozenset(
    ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails", "edgeDeviceDetails", "eventContext"]
)  # fmt: skip
OBJECTS = FREE | {name for name, fields in FIELDS.items() if fields}
FLAGS = ("readOnly", "managementEvent")
MISSPELT = {"acceskeyid": "accessKeyId"}


def plain(name: str) -> str:
    """What counts of a name: its letters and digits."""
    return _plain(name) if len(name) < LONGEST_NAME else name


@lru_cache(maxsize=4_096)  # the rows of a file have the same names
def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _paths(fields: Tree, above: Path = ()) -> Iterator[Path]:
    for name, inner in fields.items():
        yield (*above, name)
        yield from _paths(inner or {}, (*above, name))


PATHS: dict[str, Path] = {
    plain("".join(path)): path for path in _paths(FIELDS) if path == ("resources",) or path[0] != "resources"
}


def put(shaped: Record, path: Path, value: object) -> bool:
    """Puts a value at a path; False where another stands there or on the way. Nothing takes no place."""
    if value is None or value == "":
        return True
    here = shaped
    for key in path[:-1]:
        inner = here.get(key)
        if not isinstance(inner, dict):
            if inner is not None:
                return False
            inner = here[key] = {}
        here = inner
    there = here.get(path[-1])
    if there is None or there == {}:
        here[path[-1]] = value
        return True
    return type(there) is type(value) and not isinstance(there, (dict, list)) and there == value


def put_beside(shaped: Record, left: Mapping[str, Any]) -> Record:
    """The record with what has no place in it, each under its own name or that name with a dash behind it."""
    for key, value in left.items():
        if value is None or value == "":
            continue
        name = key
        while name in shaped:
            name += "_"
        shaped[name] = value
    return shaped


def not_said(record: Record, row: Mapping[str, Any], places: Mapping[str, Path]) -> Record:
    """What a row around a record says that the record does not say at the column's place; flags and objects may be text."""
    return {
        column: value
        for column, value in row.items()
        if not _is_said(record, places.get(plain(column)), value)
    }


def _is_said(record: Record, path: Path | None, value: object) -> bool:
    if value is None or value == "":
        return True
    there: Any = record
    for name in path or ():
        there = there.get(name) if isinstance(there, dict) else None
    if path is None or there is None:
        return False
    try:
        return unwritten(value) == there or str(value).lower() == str(there).lower()
    except RecursionError:
        return False


def unwritten(value: object) -> object:
    """An object out of its text, whether it is JSON, JSON twice, or what Athena, Java and Python print; else the value as it
    is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith('"{'):
        value = text = _once_more(text)
    found = opened(text)
    if isinstance(found, str):
        found = from_struct_text(text) or from_python_text(text)
    return value if found is None or isinstance(found, str) else found


def _once_more(text: str) -> str:
    inner = opened(f"[{text}]")
    return inner[0] if isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], str) else text


def spelled(value: object, fields: Tree | None, depth: int = 0) -> Any:
    """A copy with the names as CloudTrail spells them. Of two spellings of one name both stay."""
    value = unwritten(value)
    if isinstance(value, list):
        return [spelled(element, fields, depth + 1) for element in value] if depth < MAX_DEPTH else value
    if not isinstance(value, dict):
        return value
    if not fields or depth > MAX_DEPTH:
        return dict(value)
    names = {plain(name): name for name in fields}
    shaped: Record = {}
    left: Record = {}
    for key, inner in value.items():
        name = names.get(plain(MISSPELT.get(plain(key), key)))
        inner = spelled(inner, fields[name], depth + 1) if name and fields[name] else inner
        if not name or not put(shaped, (name,), inner):
            left[key] = inner
    return put_beside(shaped, left)


def fields_at(path: Path) -> Tree | None:
    """The fields that the object at a path has, or None where it has none that we know."""
    fields: Tree | None = FIELDS
    for name in path:
        fields = fields.get(name) if fields else None
    return fields


def with_lists(value: object, depth: int = 0) -> Any:
    """Objects whose keys are 0, 1, 2 … as the lists they were."""
    if not isinstance(value, dict) or depth > 4 * MAX_DEPTH:
        return value
    inner = {key: with_lists(element, depth + 1) for key, element in value.items()}
    if inner and len(inner) <= MAX_INDEX and list(inner) == [str(number) for number in range(len(inner))]:
        return list(inner.values())
    return inner


def with_types(shaped: Record) -> Record:
    """Flags that came as text, as flags; the one flag that CloudTrail writes as text, as text."""
    for key in FLAGS:
        if isinstance(shaped.get(key), str):
            shaped[key] = {"true": True, "false": False}.get(shaped[key].lower(), shaped[key])
    attributes = shaped
    for key in ("userIdentity", "sessionContext", "attributes"):
        attributes = attributes.get(key)
        if not isinstance(attributes, dict):
            return shaped
    if isinstance(attributes.get("mfaAuthenticated"), bool):
        attributes["mfaAuthenticated"] = str(attributes["mfaAuthenticated"]).lower()
    return shaped
