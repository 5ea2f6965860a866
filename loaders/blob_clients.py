"""Clients of Blob storage by the Azure SDK's own chain of credentials, and what its errors mean to a person."""

import threading
from typing import Any

from loaders.graph_credentials import default_credential
from loaders.http_waits import told_wait
from pipeline.errors import ItemGone, LoadError

RETRIES = 6
LONGEST_WAIT = 300.0
CONNECT_SECONDS, READ_SECONDS = 10, 60
ROLE = "grant the role Storage Blob Data Reader on the account or the container"
HINTS = {
    "AccountIsDisabled": "the storage account was disabled",
    "AuthenticationFailed": "see which credential is used, and set this machine's clock",
    "AuthorizationFailure": f"{ROLE}, and let this machine through the account's firewall",
    "AuthorizationPermissionMismatch": ROLE,
    "ContainerNotFound": "see containers and account_url",
    "InsufficientAccountPermissions": ROLE,
    "InvalidAuthenticationInfo": "see which credential is used, and whether it is of the account's tenant",
    "KeyBasedAuthenticationNotPermitted": "the account takes no keys: sign in with az login, or a managed identity",
    "NoAuthenticationInformation": ROLE,
    "PublicAccessNotPermitted": ROLE,
}
GONE = {"BlobNotFound", "ContainerBeingDeleted", "BlobArchived", "BlobNotReadable"}
CHANGED = {"ConditionNotMet", "InvalidRange"}


class BlobClients:
    """Made when first asked for, and shared by threads."""

    def __init__(self, account_url: str, cloud: str, where: str, credential: Any = None) -> None:
        self._url, self._cloud, self._where = account_url, cloud, where
        self._credential = credential
        self._lock = threading.Lock()
        self._account: Any = None

    def account(self) -> Any:
        """Raises LoadError where no client can be made."""
        with self._lock:
            if self._account is None:
                from azure.storage.blob import BlobServiceClient

                try:
                    self._account = BlobServiceClient(
                        self._url,
                        credential=self._credential or default_credential(self._cloud),
                        retry_policy=_retries(),
                        connection_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        permit_redirects=False,
                    )
                except ValueError as error:
                    raise LoadError(str(error)[:200], self._where) from None
            return self._account

    def container(self, name: str) -> Any:
        return self.account().get_container_client(name)


def _retries() -> Any:
    """The SDK's own, but soon at first, and as late as the service asks for."""
    from azure.storage.blob import ExponentialRetry

    class Patient(ExponentialRetry):
        def get_backoff_time(self, settings: dict[str, Any]) -> float:
            response = settings["history"][-1].http_response if settings["history"] else None
            headers = {name.lower(): value for name, value in response.headers.items()} if response else {}
            asked = told_wait(response.status_code, headers, 0.0) if response else None
            return super().get_backoff_time(settings) if asked is None else min(asked, LONGEST_WAIT)

    return Patient(
        initial_backoff=1,
        increment_base=2,
        random_jitter_range=1,
        retry_total=RETRIES,
        retry_status=RETRIES,
        retry_read=RETRIES,
        retry_connect=3,
    )


def explained(error: Exception, where: str) -> LoadError:
    """An error of the SDK as one line: what the service said, and what mends it. Its own words may hold an address with a
    signature, so they are left out."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

    if isinstance(error, LoadError):
        return error
    if isinstance(error, HttpResponseError) and error.response is not None:
        code = str(getattr(error, "error_code", None) or "")
        shown = "".join(c for c in code[:60] if c.isalnum()) or f"status {error.status_code}"
        if code in GONE or (error.status_code == 404 and not code):
            return ItemGone(f"is no longer there to be read ({shown})", where)
        if code in CHANGED or error.status_code == 412:
            return ItemGone("was changed since it was listed; the next load lists it anew", where)
        hint = HINTS.get(code) or (ROLE if error.status_code in (401, 403) else "")
        return LoadError(f"refused ({shown})", where, hint)
    if isinstance(error, ClientAuthenticationError):
        hint = "sign in with az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate"
        return LoadError("no token", where, hint)
    if isinstance(error, ServiceRequestError):
        return LoadError("cannot be reached", where, "see account_url, the network, and a proxy")
    return LoadError(f"the connection failed ({type(error).__name__})", where)
