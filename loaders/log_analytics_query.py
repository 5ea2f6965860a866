"""Queries of a Log Analytics workspace, and what they answer: the body as received, how many rows, whether some are missing.

The service cuts an answer at 500,000 rows or about 100 MB and says so within an answer of status 200; a query that takes too
long ends in 504. Neither is tried again: the same question gets the same answer, so whoever asks takes a smaller part of it.
Sources: https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#log-queries-and-language, azure-monitor-query.
"""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from loaders.graph_credentials import TokenCredential, default_credential
from loaders.http_waits import Clock, back_off
from pipeline.errors import LoadError

ENDPOINTS = {
    "public": "https://api.loganalytics.io",
    "usgov": "https://api.loganalytics.us",
    "usgov_dod": "https://api.loganalytics.us",
    "china": "https://api.loganalytics.azure.cn",
}
AT_ONCE = 4  # the service runs 5 of a user at a time, and people ask too
MAX_ROWS = 500_000
SERVER_SECONDS = 600
PATIENCE = 15 * 60  # seconds that one query waits because the service said so
TRIES = 4
HINTS = {
    401: "sign in with az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate",
    403: "grant the role Log Analytics Reader (or Data Reader) on the workspace",
    404: "workspace ids are the GUIDs that each workspace's overview shows",
}
NO_TABLE = re.compile(r"SEM0100|Failed to resolve table|could not be resolved", re.IGNORECASE)


class NoTable(LoadError):
    """The workspace has no such table."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The body as received; `tables` as the SDK reads them. Where it `is_cut`, rows are missing, and `told` says why."""

    body: bytes = b""
    tables: Sequence[Any] = ()
    is_cut: bool = False
    told: str = ""

    @property
    def row_count(self) -> int:
        return sum(len(table.rows) for table in self.tables)

    def objects(self) -> list[dict[str, Any]]:
        """The rows as objects; times are aware."""
        return [dict(zip(table.columns, row, strict=True)) for table in self.tables for row in table.rows]


class Workspaces:
    """One client for all workspaces of a source. Used by several threads."""

    def __init__(
        self,
        cloud: str,
        address: str,
        where: str,
        credential: TokenCredential | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Without a `credential` the Azure SDK's own chain is used, when the first question is asked."""
        self._cloud, self._address, self._where = cloud, address, where
        self._credential, self._clock = credential, clock or Clock()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._client: Any = None

    def ask(self, workspace: str, query: str, since: datetime, until: datetime) -> Answer:
        """The query over rows with TimeGenerated of `since` to `until`, naive UTC. Raises NoTable, LoadError."""
        from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

        tries = 0
        while True:
            tries += 1
            client, responses = self._ready(), []
            try:
                return self._ask_once(client, workspace, query, (_aware(since), _aware(until)), responses)
            except HttpResponseError as error:
                status = error.status_code or 0
                if status == 0 and isinstance(error.__context__, ClientAuthenticationError):
                    raise LoadError("no token", self._where, HINTS[401]) from None
                if status == 504:
                    return Answer(is_cut=True, told="the query took too long")
                if status == 401 and tries == 1:
                    self._forget(client)  # with its token, which may have been withdrawn
                elif status not in (0, 200) or tries >= TRIES:
                    raise self._refused(status, error) from None
            except (AzureError, ValueError) as error:  # the connection was cut, or half a document came
                if tries >= TRIES:
                    raise self._unanswered(error, responses) from None
            self._clock.sleep(back_off(tries - 1))

    def _ask_once(
        self,
        client: Any,
        workspace: str,
        query: str,
        span: tuple[datetime, datetime],
        responses: list[Any],
    ) -> Answer:
        """`responses` gets each as it comes, those that the SDK asked again for as well."""
        in_the_clear = (
            {} if self._address.startswith("https:") else {"enforce_https": False}
        )  # to this machine
        with self._places:
            result = client.query_workspace(
                workspace,
                query,
                timespan=span,
                server_timeout=SERVER_SECONDS,
                timeout=PATIENCE,
                raw_response_hook=lambda response: responses.append(response.http_response),
                **in_the_clear,
            )
        body = responses[-1].content
        if (error := getattr(result, "partial_error", None)) is not None:
            return Answer(body, result.partial_data or (), True, _shown(error.message or error.code))
        answer = Answer(body, result.tables)
        if answer.row_count >= MAX_ROWS:
            return replace(answer, is_cut=True, told=f"{MAX_ROWS:,} rows are all that the service gives")
        return answer

    def _ready(self) -> Any:
        with self._lock:
            if self._client is None:
                from azure.monitor.query import LogsQueryClient

                credential: Any = self._credential or default_credential(self._cloud)
                self._client = LogsQueryClient(
                    credential,
                    endpoint=self._address,
                    audience=ENDPOINTS[self._cloud],
                    retry_policy=_retries(),
                    permit_redirects=False,  # the token goes to no other address
                )
            return self._client

    def _forget(self, client: Any) -> None:
        with self._lock:
            if self._client is client:
                self._client = None

    def _refused(self, status: int, error: Any) -> LoadError:
        found = getattr(error.model, "message", None) or error.message
        told = _shown(f"{status}: {found}")
        if status == 400 and NO_TABLE.search(str(found)):
            return NoTable(told, self._where)
        return LoadError(told, self._where, HINTS.get(status, ""))

    def _unanswered(self, error: Exception, responses: list[Any]) -> LoadError:
        status = f" of status {responses[-1].status_code}" if responses else ""
        told = f"no whole answer{status} ({type(error).__name__})"
        return LoadError(
            told, self._where, "is the service, or a proxy before it, at the address that is set?"
        )


def _retries() -> Any:
    """The SDK's own, for a question too, which changes nothing; but what took too long once does so again."""
    from azure.core.pipeline.policies import RetryPolicy

    class Retries(RetryPolicy):
        def is_retry(self, settings: Any, response: Any) -> bool:
            return response.http_response.status_code != 504 and super().is_retry(settings, response)

    return Retries(retry_total=10, retry_on_methods=frozenset(["POST"]), retry_backoff_max=60)


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


def _shown(text: object) -> str:
    """One line of what the service says."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)[:600]).split())[:200]
