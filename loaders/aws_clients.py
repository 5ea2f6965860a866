"""Clients of AWS services by boto3's own chain of credentials, and what its errors mean to a person.

A role to assume is refreshed before it expires. Nothing here knows a secret: errors name the permission, never the key.
"""

import threading
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ItemGone, LoadError, SettingsError

ATTEMPTS = 8  # of one request, with the service's back-off: SlowDown and 503 are waited for
CONNECT_SECONDS, READ_SECONDS = 10, 60
POOL = 32
HINTS = {
    "AccessDenied": "grant {permission}",
    "AccessDeniedException": "grant {permission}",
    "AllAccessDisabled": "the bucket was disabled by AWS",
    "AuthorizationHeaderMalformed": "set region to the bucket's",
    "ExpiredToken": "log in again: the credentials have run out",
    "ExpiredTokenException": "log in again: the credentials have run out",
    "IllegalLocationConstraintException": "set region to the bucket's",
    "InvalidAccessKeyId": "the access key is not known here: see which profile or environment is used",
    "InvalidClientTokenId": "the access key is not known here: see which profile or environment is used",
    "KMS.DisabledException": "the key that encrypts the objects is disabled",
    "NoSuchBucket": "see bucket and region",
    "PermanentRedirect": "set region to the bucket's",
    "RequestTimeTooSkewed": "set this machine's clock: it differs from the service's",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key, or endpoint_url changes the request",
    "UnrecognizedClientException": "the access key is not known here: see which profile or environment is used",
}
GONE = {"NoSuchKey", "404", "NoSuchVersion"}
CHANGED = {"PreconditionFailed", "412", "InvalidRange", "416"}


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """How a source gets at AWS; None leaves it to boto3's chain."""

    region: str | None = None
    profile: str | None = None
    role: str | None = None
    external_id: str | None = None
    endpoint_url: str | None = None


class AwsClients:
    """Made when first asked for, and shared by threads."""

    def __init__(self, access: AwsAccess, where: str) -> None:
        self._access, self._where = access, where
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[tuple[str, str | None], Any] = {}

    def client(self, service: str, region: str | None = None, endpoint_url: str | None = None) -> Any:
        """Raises SettingsError for a profile that is not there, LoadError where no region or credentials are known."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ProfileNotFound

        with self._lock:
            key = (service, endpoint_url or region)
            if key in self._made:
                return self._made[key]
            try:
                if self._session is None:
                    self._session = boto3.Session(
                        profile_name=self._access.profile, region_name=self._access.region
                    )
                    if self._access.role:
                        self._session = _as_role(self._session, self._access)
                self._made[key] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=endpoint_url or self._access.endpoint_url,
                    config=Config(
                        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        max_pool_connections=POOL,
                        s3={"addressing_style": "path"} if self._access.endpoint_url else None,
                        user_agent_extra="postreset",
                    ),
                )
            except ProfileNotFound as error:
                raise SettingsError(str(error), self._where) from None
            except (BotoCoreError, ValueError) as error:
                raise LoadError(str(error), self._where) from None
            return self._made[key]


def _as_role(session: Any, access: AwsAccess) -> Any:
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.session import Session

    extra = {"RoleSessionName": "postreset"} | (
        {"ExternalId": access.external_id} if access.external_id else {}
    )
    inner = session._session
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=inner.create_client,
        source_credentials=inner.get_credentials(),
        role_arn=access.role,
        extra_args=extra,
    )
    assumed = Session()
    assumed._credentials = DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    return boto3.Session(botocore_session=assumed, region_name=session.region_name)


def explained(error: Exception, where: str, permission: str) -> LoadError:
    """An error of boto3 as one line: what the service said, and what mends it. `permission` is what the request needs."""
    from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

    if isinstance(error, LoadError):
        return error
    if isinstance(error, ClientError):
        found = error.response.get("Error", {})
        code, said = str(found.get("Code", "")), str(found.get("Message", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code in GONE:
            return ItemGone("is no longer there", where)
        if code in CHANGED:
            return ItemGone("was changed since it was listed; the next load lists it anew", where)
        if code == "403" or (status == 403 and code not in HINTS):
            code = "AccessDenied"
        if "kms" in said.lower():
            return LoadError(
                f"the objects are encrypted and their key refuses ({code})",
                where,
                "grant kms:Decrypt on the key of the bucket, in the key's policy too where it is another account's",
            )
        hint = HINTS.get(code, "").format(permission=permission)
        if code == "AccessDenied" and "requester" in said.lower():
            hint = "set request_payer = true: the bucket is one whose readers pay"
        return LoadError(f"refused ({code})", where, hint)
    if isinstance(error, NoCredentialsError):
        return LoadError(
            "no AWS credentials are found",
            where,
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID, or run where a role is given",
        )
    if isinstance(error, NoRegionError):
        return LoadError("no region is known", where, "set region, or AWS_REGION")
    if isinstance(error, EndpointConnectionError):
        return LoadError("cannot be reached", where, "see the network, a proxy, and endpoint_url")
    return LoadError(f"the connection failed ({type(error).__name__})", where)
