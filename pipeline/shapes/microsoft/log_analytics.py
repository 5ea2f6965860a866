"""Rows of Log Analytics tables as the portal, Kusto clients and export jobs write them, with the tables' own column names.

The portal's CSV has ` [UTC]` behind times, `TRUE` for true, and a pair of columns (`Status_dynamic`, `Status_string`) where two
tables disagree on a type, one of which is empty. A time in any other zone than UTC keeps its header and so is never read.
"""

import json
import re
from typing import Any

from pipeline.shapes.microsoft.columns import (
    BOOLEANS,
    COLUMNS,
    OTHERWISE,
    TABLES,
    TABLES_BY_CATEGORY,
    TRUE_NAMES,
)
from pipeline.shapes.microsoft.diagnostics import METRIC
from pipeline.shapes.microsoft.spelling import is_told, put
from pipeline.shapes.python_text import from_python_text

Record = dict[str, Any]

TABLE_KEYS = ("Type", "$table", "type", "TYPE")
UTC_HEADER = re.compile(r"\s*\[UTC\]$", re.IGNORECASE)
TYPED_NAME = re.compile(r"(.+)_(dynamic|string|datetime|long|real|double|bool|int|guid)", re.IGNORECASE)
SIGN_IN_KEYS = frozenset(
    ("conditionalaccessstatus", "resourceidentity", "uniquetokenidentifier", "resultsignature")
)


def reshape_row(record: Record) -> Record | None:
    """The row with its table's column names and `Type`; the same object where nothing is to be done."""
    named = next((name for key in TABLE_KEYS if isinstance(name := record.get(key), str) and name), None)
    if named is not None and named.lower() not in TABLES:
        return None
    if named is None and not any(key[:13].lower() == "timegenerated" for key in record):
        return None
    names = {key: _bare_name(key) for key in record}
    cells = {name.lower(): record[key] for key, name in names.items() if is_told(record[key])}
    table = _table(cells)
    if table is None:
        return None
    if table == "AzureMetrics":
        return {"postreset_problem": METRIC}
    is_portal = any(key != name for key, name in names.items()) or "$table" in record
    row: Record = {}
    for key, name in names.items():
        value = record[key]
        if is_portal and not is_told(value):
            continue
        column = OTHERWISE.get(table, {}).get(name.lower(), COLUMNS.get(name.lower(), name))
        put(row, column, key, _typed(column, value))
    if not is_told(row.get("Type")):
        row["Type"] = table
        if row.get("$table") == table:
            del row["$table"]
    if table == "AzureActivity":
        _name_operation(row)
    if table == "AADProvisioningLogs" and not is_told(row.get("ResourceId")):
        row["ResourceId"] = (
            f"/tenants/{row.get('AADTenantId', '')}/providers/Microsoft.aadiam"  # as exports have it
        )
    return record if row == record and list(row) == list(record) else row


def _bare_name(key: str) -> str:
    name = UTC_HEADER.sub("", key)
    typed = TYPED_NAME.fullmatch(name)
    if typed and typed[1].lower() in COLUMNS and name.lower() not in COLUMNS:
        return typed[1]
    return name


def _typed(column: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if column in BOOLEANS and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if column in TRUE_NAMES and value[:1] in "{[" and "'" in value:
        return _opened_literal(value)
    return value


def _opened_literal(text: str) -> object:
    """What Python wrote as `{'errorCode': 0}`, as JSON has it; any other text as it is."""
    found = None if _is_json(text) else from_python_text(text)
    return text if found is None else found


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _table(cells: Record) -> str | None:
    """The table that a row names, or the one whose columns it has; `cells` by names in small letters, none empty."""
    for key in ("type", "$table"):
        if isinstance(cells.get(key), str):
            return TABLES.get(cells[key].lower())
    if "timegenerated" not in cells:
        return None
    category = str(cells.get("category", "")).lower()
    if category in TABLES_BY_CATEGORY:
        return TABLES_BY_CATEGORY[category]
    if category in ("storageread", "storagewrite", "storagedelete"):
        return TABLES.get(f"storage{cells.get('servicetype', 'blob')}logs".lower(), "StorageBlobLogs")
    return _table_by_columns(cells)


def _table_by_columns(cells: Record) -> str | None:
    if "operationnamevalue" in cells or ("eventdataid" in cells and "activitystatus" in cells):
        return "AzureActivity"
    if "loggedbyservice" in cells:
        return "AuditLogs"
    if (
        "requesturi" in cells
        and "requestmethod" in cells
        and not cells.keys().isdisjoint({"signinactivityid", "apiversion"})
    ):
        return "MicrosoftGraphActivityLogs"
    if "riskeventtype" in cells:
        return "AADServicePrincipalRiskEvents" if "serviceprincipalid" in cells else "AADUserRiskEvents"
    if "risklastupdateddatetime" in cells:
        return "AADRiskyServicePrincipals" if "serviceprincipaltype" in cells else "AADRiskyUsers"
    if "createddatetime" in cells and not cells.keys().isdisjoint(SIGN_IN_KEYS):
        return _sign_in_table(cells)
    resource_id = str(cells.get("_resourceid", cells.get("resourceid", ""))).lower()
    is_vault = (
        "/microsoft.keyvault/" in resource_id
        or str(cells.get("resourceprovider", "")).lower() == "microsoft.keyvault"
    )
    if is_vault and "operationname" in cells:
        return "AzureDiagnostics" if "category" in cells else "AZKVAuditLogs"
    return None


def _sign_in_table(cells: Record) -> str:
    if "userprincipalname" in cells or "userid" in cells:
        is_interactive = str(cells.get("isinteractive", "true")).lower() == "true"
        return "SigninLogs" if is_interactive else "AADNonInteractiveUserSignInLogs"
    if "managedserviceidentity" in cells or "sourceappclientid" in cells:
        return "AADManagedIdentitySignInLogs"
    return "AADServicePrincipalSignInLogs" if "serviceprincipalid" in cells else "SigninLogs"


def _name_operation(row: Record) -> None:
    """Tables of before 2021 have the operation's name in words and its identifier in `Authorization` or `Properties`."""
    if not is_told(row.get("OperationNameValue")):
        name = (
            _inner_text(row, ("Authorization", "Authorization_d"), "action")
            or _inner_text(row, ("Properties", "Properties_d"), "message")
            or row.get("OperationName")
        )
        if is_told(name):
            row["OperationNameValue"] = name
    if not is_told(row.get("ActivityStatusValue")) and is_told(row.get("ActivityStatus")):
        row["ActivityStatusValue"] = row["ActivityStatus"]


def _inner_text(row: Record, columns: tuple[str, ...], key: str) -> str | None:
    """The operation's identifier within a column that holds an object or its text."""
    for column in columns:
        value = row.get(column)
        if isinstance(value, str) and value.startswith("{"):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                continue
        inner = value.get(key) if isinstance(value, dict) else None
        if isinstance(inner, str) and "/" in inner:
            return inner
    return None
