"""Other shapes of CloudTrail: LookupEvents, Sentinel's table, Security Lake, Elastic, and records with other names.

Canonical is the record of a trail. Times stay as they are written, because staging reads every form; a record without a time
is given none.
"""

import json

from pipeline.shapes.cloudtrail_fields import (
    not_said,
    plain,
    put,
    put_beside,
    unwritten,
    with_types,
)
from pipeline.shapes.ecs_cloudtrail import reshape_document
from pipeline.shapes.flat_cloudtrail import reshape_flat
from pipeline.shapes.placing import Path, Record
from pipeline.shapes.security_lake import reshape_security_lake_row
from pipeline.shapes.sentinel_cloudtrail import is_sentinel_row, reshape_sentinel_row

# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Event.html, and as tables over the API name its fields
LOOKED_UP = ("CloudTrailEvent", "cloudTrailEvent", "cloudtrailevent", "cloud_trail_event")
LOOKUP: dict[str, Path] = {
    "eventid": ("eventID",),
    "eventtime": ("eventTime",),
    "eventsource": ("eventSource",),
    "eventname": ("eventName",),
    "readonly": ("readOnly",),
    "accesskeyid": ("userIdentity", "accessKeyId"),
    "username": ("userIdentity", "userName"),
}
NEEDED = (("eventID",), ("eventTime",), ("eventSource",), ("eventName",))
OUTER = "lookup"  # what the answer says around the record and the record does not say


def reshape(record: Record) -> Record | None:
    """The record as a trail writes it, or None where it is no other shape of CloudTrail. Never raises."""
    for key in LOOKED_UP:
        if key in record:
            return _looked_up(record, key)
    if is_sentinel_row(record):
        return reshape_sentinel_row(record)
    if "class_uid" in record and "metadata" in record:
        return reshape_security_lake_row(record)
    if "aws" in record or any(key.startswith("aws.cloudtrail.") for key in record):
        shaped = reshape_document(record)
        if shaped is not None:
            return shaped
    return reshape_flat(record)


def _looked_up(answer: Record, key: str) -> Record:
    """One event of LookupEvents: the record within, and from around it what the record lacks."""
    outer = {name: value for name, value in answer.items() if name != key}
    event = unwritten(answer[key])
    if not isinstance(event, dict) or not event:
        return _without_record(answer)
    shaped = dict(event)
    if shaped.get("eventType") != "AwsCloudTrailInsight" and shaped.get("eventCategory") != "Insight":
        for name, value in outer.items():
            path = LOOKUP.get(plain(name))
            if path in NEEDED and not shaped.get(path[0]):
                put(shaped, path, value)
    more = not_said(shaped, outer, LOOKUP)
    return put_beside(shaped, {OUTER: more}) if more else shaped


def _without_record(answer: Record) -> Record:
    """What can be built where the record is missing or cut off."""
    shaped: Record = {}
    left: Record = {}
    for name, value in answer.items():
        path = LOOKUP.get(plain(name))
        if plain(name) == "resources":
            path, value = ("resources",), _resources(value)
        if path is None or not put(shaped, path, value):
            left[name] = value
    if not isinstance(shaped.get("eventName"), str):
        return {"postreset_problem": "CloudTrailEvent holds no event", "record": _dumped(answer)}
    shaped.setdefault("eventSource", "")
    return put_beside(with_types(shaped), left)


def _resources(value: object) -> object:
    """`ResourceType` and `ResourceName` as the record's `type` and `ARN`; a name that is no ARN stays a name."""
    resources = unwritten(value)
    if not isinstance(resources, list):
        return value
    renamed = []
    for resource in resources:
        if not isinstance(resource, dict):
            renamed.append(resource)
            continue
        name = next((resource[key] for key in ("ResourceName", "resource_name") if key in resource), None)
        is_arn = isinstance(name, str) and name.startswith("arn:")
        renamed.append(
            {
                {"ResourceType": "type", "ResourceName": "ARN" if is_arn else "ResourceName"}.get(
                    key, key
                ): inner
                for key, inner in resource.items()
            }
        )
    return renamed


def _dumped(record: Record) -> str:
    try:
        return json.dumps(record, ensure_ascii=False, default=str)
    except RecursionError:
        return "nested too deep"
