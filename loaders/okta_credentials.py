"""What an Okta org lets read its System Log: an API token, or an OAuth service app that signs with its private key.

All from the environment, never from the settings: `OKTA_CLIENT_ID` and `OKTA_PRIVATE_KEY` (path of a PEM or JWK file, RSA), with
`OKTA_KEY_ID` where the app has several keys; or `OKTA_API_TOKEN`. With the name of a source behind it (`OKTA_API_TOKEN_ACME`) a
variable counts for that source alone. DPoP is not built.
"""

import base64
import json
import os
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loaders.http_pages import Authorization, Pages
from pipeline.errors import LoadError

SCOPE = "okta.logs.read"
TOKEN_PATH = "/oauth2/v1/token"
ASSERTION_LIVES = timedelta(minutes=5)
LONGEST_KEY_FILE = 64 << 10


def authorization(source: str, where: str) -> Authorization:
    """The app where both are set: it can be given the one scope. Raises LoadError where nothing is set."""
    client_id, key_path = _variable("OKTA_CLIENT_ID", source), _variable("OKTA_PRIVATE_KEY", source)
    if client_id and key_path:
        return ServiceApp(client_id, Path(key_path), _variable("OKTA_KEY_ID", source), where)
    if token := _variable("OKTA_API_TOKEN", source):
        return ApiToken(token)
    raise LoadError(
        "no credentials", where, "set OKTA_CLIENT_ID and OKTA_PRIVATE_KEY (a file), or OKTA_API_TOKEN"
    )


def _variable(name: str, source: str) -> str:
    own = f"{name}_{source.upper().replace('-', '_')}"
    return (os.environ.get(own) or os.environ.get(name) or "").strip()


class ApiToken:
    """It does not change while we run."""

    def __init__(self, token: str) -> None:
        self._token = token

    def header(self, pages: Pages) -> str:
        return f"SSWS {self._token}"

    def renew(self, pages: Pages, rejected: str, challenge: str) -> bool:
        return False


class ServiceApp:
    """Client credentials with a signed assertion. Its times are the org's: an org refuses those of a clock that is wrong."""

    def __init__(self, client_id: str, key_path: Path, key_id: str, where: str) -> None:
        self._client_id, self._key_path, self._key_id, self._where = client_id, key_path, key_id, where
        self._lock = threading.Lock()
        self._header = ""
        self._until = datetime.min

    def header(self, pages: Pages) -> str:
        with self._lock:
            now = pages.service_now()
            if not self._header or now >= self._until:
                self._sign_in(pages, now)
            return self._header

    def renew(self, pages: Pages, rejected: str, challenge: str) -> bool:
        with self._lock:
            if self._header == rejected:  # else another thread has a new one
                self._header = ""
        return True

    def _sign_in(self, pages: Pages, now: datetime) -> None:
        found = pages.post(
            TOKEN_PATH,
            {
                "grant_type": "client_credentials",
                "scope": SCOPE,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self._assertion(pages.address + TOKEN_PATH, now),
            },
        )
        token = found.get("access_token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise LoadError("the token endpoint sent no token", self._where)
        told = found.get("expires_in")
        seconds = told if isinstance(told, int) and 0 < told < 86_400 else 300
        self._header, self._until = f"Bearer {token}", now + timedelta(seconds=max(30, seconds - 60))

    def _assertion(self, audience: str, now: datetime) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        key, key_id = _read_key(self._key_path, self._where)
        header = {"alg": "RS256"} | ({"kid": self._key_id or key_id} if self._key_id or key_id else {})
        at = int(now.replace(tzinfo=UTC).timestamp())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": audience,
            "iat": at,
            "exp": at + int(ASSERTION_LIVES.total_seconds()),
            "jti": str(uuid.uuid4()),
        }
        signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        return f"{signed}.{_encoded(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _read_key(path: Path, where: str) -> tuple[Any, str]:
    """The key and, of a JWK, its id. Nothing of the file is ever shown."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    hint = "it is the path of an RSA private key without a password, as PEM or JWK"
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_KEY_FILE)
    except OSError as error:
        raise LoadError(f"OKTA_PRIVATE_KEY cannot be read ({error.strerror})", where, hint) from None
    try:
        if content.lstrip()[:1] == b"{":
            return _jwk_key(json.loads(content))
        key = load_pem_private_key(content, None)
    except Exception:
        raise LoadError("OKTA_PRIVATE_KEY is no private key that can be used", where, hint) from None
    if not isinstance(key, RSAPrivateKey):
        raise LoadError("OKTA_PRIVATE_KEY is no RSA key", where, hint)
    return key, ""


def _jwk_key(jwk: dict[str, Any]) -> tuple[Any, str]:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers

    n, e, d, p, q, dp, dq, qi = (_number(jwk[name]) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi"))
    key = RSAPrivateNumbers(p, q, d, dp, dq, qi, RSAPublicNumbers(e, n)).private_key()
    return key, str(jwk.get("kid", ""))


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
