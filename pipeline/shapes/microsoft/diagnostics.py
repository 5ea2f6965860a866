"""Records of diagnostic settings that lack what they are known by: the time under its usual name, or the category."""

import re
from typing import Any

from pipeline.shapes.microsoft.spelling import is_told

Record = dict[str, Any]

# some categories write the time under a name of their own
TIME_NAMES = ("timestamp", "timeStamp", "timeGenerated", "EventTimeString", "EventTimestamp")
STORAGE_SERVICE = re.compile(
    r"/providers/microsoft\.storage/storageaccounts/[^/]+/(?:blob|file|queue|table)services/", re.I
)
READ_OPERATION = re.compile(r"(?:get|list|query|peek|read|preflight|find|exists)", re.I)
DELETE_OPERATION = re.compile(r"(?:delete|clear|undelete)", re.I)
METRIC = "a metric of Azure Monitor, not a log record"


def reshape_diagnostic_record(record: Record) -> Record | None:
    """The record with `category` and `time`, the same object where it has both; None where it is of another kind."""
    resource_id = record.get("resourceId")
    if "metricName" in record and ("timeGrain" in record or "average" in record):
        return {"postreset_problem": METRIC}
    category = record.get("category")
    if isinstance(category, str) and category:
        is_event = "eventTimestamp" in record and not is_told(record.get("time"))
        return _timed(record) if isinstance(resource_id, str) and not is_event else None
    if is_told(category):
        return None
    operation_name = record.get("operationName")
    if (
        isinstance(operation_name, str)
        and isinstance(resource_id, str)
        and STORAGE_SERVICE.search(resource_id)
    ):
        return _timed(record | {"category": _storage_category(operation_name)})
    return None


def _timed(record: Record) -> Record:
    name = next((name for name in TIME_NAMES if is_told(record.get(name))), None)
    if name is None or is_told(record.get("time")):
        return record
    return record | {"time": record[name]}


def _storage_category(operation_name: str) -> str:
    if READ_OPERATION.match(operation_name):
        return "StorageRead"
    return "StorageDelete" if DELETE_OPERATION.match(operation_name) else "StorageWrite"
