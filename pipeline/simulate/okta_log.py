"""Okta System Log records, as `/api/v1/logs` returns them: one shape for every event type.

Ids are derived from the seed and a name, so the same user, application or policy has the same id in every record. Field
meanings: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.logbook import EventRef, Logbook, Record
from pipeline.simulate.networks import Network
from pipeline.simulate.people import Device, Person

ID_ALPHABET = identifiers.UPPER_ALPHANUMERIC + identifiers.LOWER_ALPHANUMERIC[:26]
COUNTRIES = {  # Okta names countries in English
    "AT": "Austria", "BR": "Brazil", "CA": "Canada", "CH": "Switzerland", "CZ": "Czechia", "DE": "Germany",
    "DK": "Denmark", "ES": "Spain", "FR": "France", "GB": "United Kingdom", "IE": "Ireland", "IT": "Italy",
    "MD": "Moldova", "NG": "Nigeria", "NL": "Netherlands", "PL": "Poland", "PT": "Portugal", "RO": "Romania",
    "SE": "Sweden", "TR": "Turkey", "UA": "Ukraine", "US": "United States", "VN": "Vietnam",
}  # fmt: skip
# Event type → what the record says of it: the older name of the type, the message, and the severity.
WORDING: dict[str, tuple[str | None, str, str]] = {
    "app.oauth2.token.grant.refresh_token": (None, "OIDC refresh token is granted", "INFO"),
    "application.provision.group_push.push_memberships": (None, "Push group memberships", "INFO"),
    "application.provision.user.sync": ("app.user_management.provision_user_sync", "Sync user in external application", "INFO"),
    "application.user_membership.add": ("app.generic.provision.assign_user_to_app", "Add user to application membership", "INFO"),
    "device.enrollment.create": (None, "Create new device enrollment", "INFO"),
    "device.user.add": (None, "Add user to device", "INFO"),
    "group.user_membership.add": ("core.user_group_member.user_add", "Add user to group membership", "INFO"),
    "policy.evaluate_sign_on": (None, "Evaluation of sign-on policy", "INFO"),
    "system.api_token.create": ("api.token.create", "Create API token", "INFO"),
    "system.idp.lifecycle.activate": (None, "Activate identity provider", "INFO"),
    "system.idp.lifecycle.create": (None, "Create Identity Provider", "INFO"),
    "system.push.send_factor_verify_push": ("core.user.factor.push_sent", "Send push verify to user", "INFO"),
    "user.account.lock": ("core.user_auth.account_locked", "Max sign in attempts exceeded", "DEBUG"),
    "user.account.privilege.grant": ("core.user.admin_privilege.granted", "Grant user privilege", "INFO"),
    "user.account.reset_password": ("core.user.config.user_status.password_reset", "Fired when the user's Okta password is reset", "INFO"),
    "user.account.unlock": ("core.user.config.user_status.unlocked", "Unlock user account", "INFO"),
    "user.account.update_password": ("core.user.config.password_update.success", "User update password for Okta", "INFO"),
    "user.account.update_profile": ("core.user.config.profile_update", "Update user profile for Okta", "INFO"),
    "user.authentication.auth_via_IDP": ("core.user_auth.idp.saml.login_success", "Authenticate user via IDP", "INFO"),
    "user.authentication.auth_via_mfa": ("core.user.factor.attempt_success", "Authentication of user via MFA", "INFO"),
    "user.authentication.sso": ("app.auth.sso", "User single sign on to app", "INFO"),
    "user.lifecycle.activate": ("core.user.config.user_activated", "Activate Okta user", "INFO"),
    "user.lifecycle.create": ("core.user.config.user_creation.success", "Create Okta user", "INFO"),
    "user.mfa.factor.activate": ("core.user.factor.activate", "Activate factor or authenticator enrollment method for user", "INFO"),
    "user.mfa.factor.deactivate": ("core.user.factor.deactivate", "Reset factor for user", "INFO"),
    "user.mfa.factor.reset_all": ("core.user.factor.reset_all", "Reset all factors for user", "INFO"),
    "user.mfa.okta_verify.deny_push": (None, "User rejected Okta push verify", "WARN"),
    "user.session.access_admin_app": ("app.admin.sso.login.success", "User accessing Okta admin app", "INFO"),
    "user.session.clear": ("core.user_auth.session_clear", "Clear user session", "INFO"),
    "user.session.end": ("core.user_auth.logout_success", "User logout from Okta", "INFO"),
    "user.session.start": ("core.user_auth.login_success", "User login to Okta", "INFO"),
}  # fmt: skip
OPERATING_SYSTEMS = {
    "Windows10": "Windows 10",
    "MacOs": "Mac OS X",
    "Ios 18.6": "iOS",
    "Android 15": "Android",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True)
class Client:
    """What stands at the other end: an address and what its user agent says. A script has no device."""

    network: Network
    source_ip: str
    user_agent: str
    device: Device | None = None
    is_proxy: bool = False


@dataclass(slots=True)
class OktaLog:
    seed: int
    logbook: Logbook
    rng: Random

    def named_id(self, prefix: str, name: str) -> str:
        """`00u…` for a user, `0oa…` for an application: 20 characters."""
        return prefix + identifiers.text_of(ID_ALPHABET, 17, Random(f"{self.seed}/okta/{prefix}/{name}"))

    def user(self, person: Person) -> Record:
        return self.entity("00u", "User", person.upn, person.display_name)

    def entity(
        self, prefix: str, kind: str, alternate_id: str, name: str, detail: Record | None = None
    ) -> Record:
        """An actor or a target. What has no second name says `unknown`."""
        return {
            "id": self.named_id(prefix, name),
            "type": kind,
            "alternateId": alternate_id,
            "displayName": name,
            "detailEntry": detail,
        }

    def app(self, name: str, mode: str = "OPENID_CONNECT") -> Record:
        return self.entity("0oa", "AppInstance", name, name, {"signOnModeType": mode})

    def group(self, name: str) -> Record:
        return self.entity("00g", "UserGroup", "unknown", name)

    def platform(self) -> Record:
        """Okta itself: group rules and self-service write in this name, and so does Okta's support."""
        return self.entity("00u", "SystemPrincipal", "system@okta.com", "Okta System")

    def session_id(self) -> str:
        return "idx" + identifiers.text_of(ID_ALPHABET, 22, self.rng)

    def transaction_id(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"

    def event(
        self,
        event_type: str,
        at: datetime,
        actor: Record,
        client: Client | None,
        targets: Sequence[Record] = (),
        *,
        session_id: str = "unknown",
        result: str = "SUCCESS",
        reason: str | None = None,
        uri: str = "/idp/idx/challenge/answer",
        debug: Record | None = None,
        transaction_id: str | None = None,
        api_token_id: str | None = None,
    ) -> EventRef:
        """One event; without a `client` Okta itself acted. `session_id` is both the root and the external session."""
        legacy_type, message, severity = WORDING[event_type]
        transaction_id = transaction_id or self.transaction_id()
        record: Record = {
            "uuid": identifiers.guid(self.rng),
            "published": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            "eventType": event_type,
            "version": "0",
            "severity": "WARN" if result == "FAILURE" and severity == "INFO" else severity,
            "legacyEventType": legacy_type,
            "displayMessage": message,
            "actor": actor,
            "client": client_part(client),
            "device": None,
            "authenticationContext": {
                "authenticationProvider": "FACTOR_PROVIDER" if event_type.endswith("auth_via_mfa") else None,
                "credentialProvider": None,
                "credentialType": None,
                "issuer": None,
                "interface": None,
                "authenticationStep": 0,
                "rootSessionId": session_id,
                "externalSessionId": session_id,
            },
            "outcome": {"result": result, "reason": reason},
            "securityContext": security_part(client),
            "debugContext": {"debugData": self.request_part(client, transaction_id, uri) | (debug or {})},
            "transaction": {
                "type": "WEB",
                "id": transaction_id,
                "detail": {"requestApiTokenId": api_token_id} if api_token_id else {},
            },
            "request": {"ipChain": chain_part(client)},
            "target": [*targets] or None,
        }
        arrived_at = self.logbook.arrival_after("okta_system", at)
        return self.logbook.keep("okta_system", "system-log", at, arrived_at, record["uuid"], record)

    def request_part(self, client: Client | None, transaction_id: str, uri: str) -> Record:
        """`dtHash` is the hash of a cookie that stays in the browser."""
        if client is None:
            return {}
        owner = client.device.device_id if client.device else client.user_agent
        return {
            "requestId": transaction_id,
            "dtHash": identifiers.key_hash(f"{self.seed}/dtHash/{owner}").lower(),
            "requestUri": uri,
            "threatSuspected": "false",
            "url": f"{uri}?",
        }


def client_part(client: Client | None) -> Record:
    if client is None:
        return dict.fromkeys(("userAgent", "zone", "device", "id", "ipAddress", "geographicalContext"))
    device = client.device
    system = OPERATING_SYSTEMS[device.operating_system] if device else "Unknown"
    is_phone = system in {"iOS", "Android"}
    return {
        "userAgent": {
            "rawUserAgent": client.user_agent,
            "os": system,
            "browser": device.browser.removeprefix("Mobile ").split()[0].upper() if device else "UNKNOWN",
        },
        "zone": "Corporate" if client.network.is_trusted else "null",
        "device": ("Mobile" if is_phone else "Computer") if device else "Unknown",
        "id": None,
        "ipAddress": client.source_ip,
        "geographicalContext": place_part(client.network),
    }


def security_part(client: Client | None) -> Record:
    if client is None:
        return dict.fromkeys(("asNumber", "asOrg", "isp", "domain", "isProxy"))
    network = client.network
    return {
        "asNumber": network.asn,
        "asOrg": network.name.lower(),
        "isp": network.name.lower(),
        "domain": "example.com" if network.is_trusted else ".",
        "isProxy": client.is_proxy,
    }


def chain_part(client: Client | None) -> list[Record]:
    if client is None:
        return []
    version = "V6" if ":" in client.source_ip else "V4"
    place = place_part(client.network)
    return [{"ip": client.source_ip, "geographicalContext": place, "version": version, "source": None}]


def place_part(network: Network) -> Record:
    return {
        "city": network.city,
        "state": network.state,
        "country": COUNTRIES[network.country],
        "postalCode": None,
        "geolocation": {"lat": network.latitude, "lon": network.longitude},
    }
