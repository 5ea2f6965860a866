"""The token that Microsoft Graph is asked with: from the Azure SDK's own chain, and of the tenant that was set."""

import base64
import json
import threading
from typing import Any, Protocol

from loaders.http_pages import Pages
from pipeline.errors import LoadError

CLOUDS = {
    "public": "https://graph.microsoft.com",
    "usgov": "https://graph.microsoft.us",
    "usgov_dod": "https://dod-graph.microsoft.us",
    "china": "https://microsoftgraph.chinacloudapi.cn",
}
AUTHORITIES = {
    "public": "login.microsoftonline.com",
    "usgov": "login.microsoftonline.us",
    "usgov_dod": "login.microsoftonline.us",
    "china": "login.chinacloudapi.cn",
}


class TokenCredential(Protocol):
    """As azure-core has it."""

    def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> Any: ...


class AzureToken:
    """The SDK keeps a token until it nears its end, so it is asked each time. After a 401 the service's claims challenge, if
    it sent one, makes the SDK fetch another."""

    def __init__(
        self, cloud: str, scope: str, tenant: str, where: str, credential: TokenCredential | None
    ) -> None:
        self._cloud, self._scope, self._tenant, self._where = cloud, scope, tenant.lower(), where
        self._credential = credential
        self._lock = threading.Lock()
        self._checked = ""

    def header(self, pages: Pages) -> str:
        with self._lock:
            return f"Bearer {self._token(None)}"

    def renew(self, pages: Pages, rejected: str, challenge: str) -> bool:
        with self._lock:
            return f"Bearer {self._token(_claims(challenge))}" != rejected

    def _token(self, claims: str | None) -> str:
        if self._credential is None:
            self._credential = default_credential(self._cloud)
        try:
            found = self._credential.get_token(self._scope, **({"claims": claims} if claims else {}))
        except Exception as error:
            # azure-core and azure-identity: their messages name the ways that were tried, over many lines
            told = type(error).__name__
            raise LoadError(
                f"no token ({told})",
                self._where,
                "sign in with az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate",
            ) from None
        token = str(found.token)
        if token != self._checked:
            self._check_tenant(token)
            self._checked = token
        return token

    def _check_tenant(self, token: str) -> None:
        tenant = _payload(token).get("tid")
        if isinstance(tenant, str) and tenant.lower() != self._tenant:
            shown = "".join(c for c in tenant[:40] if c.isprintable())
            raise LoadError(
                f"the credential is of tenant {shown}", self._where, f"{self._tenant} is set: sign in there"
            )


def default_credential(cloud: str) -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(authority=AUTHORITIES[cloud])


def _payload(token: str) -> dict[str, Any]:
    """What a JWT says of itself, unverified: a wrong setting is found so, not a forgery."""
    try:
        part = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return found if isinstance(found, dict) else {}
    except (IndexError, ValueError, RecursionError):
        return {}


def _claims(challenge: str) -> str | None:
    """The claims of `Bearer … claims="…"`, which are base64."""
    _, _, rest = challenge.partition('claims="')
    text = rest.partition('"')[0]
    if not text or len(text) > 4096:
        return None
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
