"""A workspace of our own that speaks Log Analytics' protocol: tables, arrival times, caps with partial results, time-outs."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from tests.loaders.vendor_server import Answer, Request, VendorServer

WORKSPACE = "0f1e2d3c-0000-4000-8000-00000000bbbb"
ARRIVED = re.compile(r"ingestion_time\(\) (>=|<) datetime\(([^)]+)\)")
PART = re.compile(r"hash\(tostring\(pack_all\(\)\), (\d+)\) == (\d+)")


@dataclass(frozen=True, slots=True)
class Row:
    arrived_at: datetime
    cells: dict[str, Any]


def sign_in(number: int, at: datetime) -> dict[str, Any]:
    """A row of SigninLogs; times have seven digits, as they come from the service."""
    stamp = f"{at.isoformat(timespec='microseconds')}7Z"
    return {
        "TenantId": WORKSPACE,
        "TimeGenerated": stamp,
        "CreatedDateTime": stamp,
        "Category": "SignInLogs",
        "OperationName": "Sign-in activity",
        "ResultType": "0",
        "Id": f"66ea54eb-0000-4000-8000-{number:012x}",
        "CorrelationId": f"d79f5bee-0000-4000-8000-{number:012x}",
        "AADTenantId": "72f988bf-0000-4000-8000-00000000aaaa",
        "UserId": f"26be570a-0000-4000-8000-{number % 97:012x}",
        "UserPrincipalName": f"u{number % 97}@example.com",
        "IPAddress": f"198.51.100.{number % 250 + 1}",
        "IsInteractive": True,
        "UniqueTokenIdentifier": f"token{number}",
        "SessionId": f"00{number:06x}-0000-4000-8000-000000000000",
        "DeviceDetail": '{"deviceId":"","operatingSystem":"Windows10"}',
        "Type": "SigninLogs",
    }


def directory_audit(number: int, at: datetime) -> dict[str, Any]:
    stamp = f"{at.isoformat(timespec='microseconds')}3Z"
    return {
        "TenantId": WORKSPACE,
        "TimeGenerated": stamp,
        "ActivityDateTime": stamp,
        "Id": f"Directory_{number}",
        "Category": "UserManagement",
        "OperationName": "Reset user password",
        "ActivityDisplayName": "Reset user password",
        "LoggedByService": "Core Directory",
        "Result": "success",
        "CorrelationId": f"da159bfb-0000-4000-8000-{number:012x}",
        "AADTenantId": "72f988bf-0000-4000-8000-00000000aaaa",
        "InitiatedBy": '{"user":{"id":"26be570a-0000-4000-8000-0000000000aa","userPrincipalName":"desk@example.com"}}',
        "TargetResources": '[{"id":"26be570a-0000-4000-8000-0000000000bb","type":"User","userPrincipalName":"u1@example.com"}]',
        "Type": "AuditLogs",
    }


@dataclass(slots=True)
class LogWorkspace:
    """Answers queries of our loader's form. `cap` rows are in an answer at most; `slow_above` rows end in 504."""

    server: VendorServer
    tables: dict[str, list[Row]] = field(default_factory=dict)
    cap: int = 500_000
    slow_above: int = 10**9
    refuse_counting: bool = False
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.routes["POST /v1/workspaces/*"] = self.answer

    def ids(self) -> list[str]:
        return sorted(row.cells["Id"] for rows in self.tables.values() for row in rows)

    def answer(self, request: Request) -> Answer:
        if request.path != f"/v1/workspaces/{WORKSPACE}/query":
            return _error(404, "PathNotFoundError", "The requested path does not exist")
        body = json.loads(request.body)
        query = body["query"]
        self.asked.append(query)
        if query == "print now = now()":
            stamp = self.server.now().strftime("%Y-%m-%dT%H:%M:%S.%f7Z")
            return _result([("now", "datetime")], [[stamp]])
        table = query.split(" ")[0]
        if table not in self.tables:
            told = f"'where' operator: Failed to resolve table or column expression named '{table}'"
            return _error(400, "BadArgumentError", "The request had some invalid properties", told)
        rows = self._rows(table, query, body["timespan"])
        if "take 0" in query:
            return _result([("TimeGenerated", "datetime")], [])
        if "summarize" in query:
            return _error(504, "GatewayTimeout", "slow") if self.refuse_counting else _counted(rows)
        if len(rows) > self.slow_above:
            return _error(504, "GatewayTimeout", "slow")
        columns = list(rows[0].cells) if rows else ["TimeGenerated"]
        cells = [[row.cells[name] for name in columns] for row in rows[: self.cap]]
        return _result([(name, "string") for name in columns], cells, len(rows) > self.cap)

    def _rows(self, table: str, query: str, timespan: str) -> list[Row]:
        bounds = {sign: datetime.fromisoformat(text) for sign, text in ARRIVED.findall(query)}
        since, until = (datetime.fromisoformat(text) for text in timespan.split("/"))
        part = PART.search(query)
        found = []
        for row in self.tables[table]:
            arrived = row.arrived_at.replace(tzinfo=UTC)
            made = datetime.fromisoformat(row.cells["TimeGenerated"][:26] + "+00:00")
            if bounds and not bounds[">="] <= arrived < bounds["<"]:
                continue
            if not since <= made <= until:
                continue
            if part and crc32(row.cells["Id"].encode()) % int(part[1]) != int(part[2]):
                continue
            found.append(row)
        return found


def _counted(rows: list[Row]) -> Answer:
    hours: dict[datetime, list[int]] = {}
    for row in rows:
        hour = row.arrived_at.replace(minute=0, second=0, microsecond=0)
        size = hours.setdefault(hour, [0, 0])
        size[0] += 1
        size[1] += len(json.dumps(row.cells))
    columns = [("hour", "datetime"), ("rows", "long"), ("bytes", "real")]
    return _result(columns, [[f"{hour.isoformat()}Z", *size] for hour, size in hours.items()])


def _result(columns: list[tuple[str, str]], rows: list[list[Any]], is_cut: bool = False) -> Answer:
    table = {
        "name": "PrimaryResult",
        "columns": [{"name": name, "type": kind} for name, kind in columns],
        "rows": rows,
    }
    body: dict[str, Any] = {"tables": [table]}
    if is_cut:
        inner = {"code": "-2133196797", "message": "The results of this query exceed the set limit"}
        body["error"] = {"code": "PartialError", "message": "There were some errors", "details": [{"code": "EngineError", "innererror": inner}]}  # fmt: skip
    return Answer(body)


def _error(status: int, code: str, message: str, inner: str = "") -> Answer:
    error: dict[str, Any] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {
            "code": "SemanticError",
            "message": "A semantic error occurred.",
            "innererror": {"code": "SEM0100", "message": inner},
        }
    return Answer({"error": error}, status)


def spread(count: int, since: datetime, until: datetime) -> list[Row]:
    """Sign-ins evenly over a time, each in the workspace five minutes later."""
    step = (until - since) / count
    times = [since + step * number for number in range(count)]
    return [Row(at + timedelta(minutes=5), sign_in(number, at)) for number, at in enumerate(times)]
