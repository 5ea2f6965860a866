"""Entra sign-in rows as diagnostic settings export them: interactive, non-interactive and service principal.

The shape follows rows of 2025: `time` is the arrival, `properties.createdDateTime` the sign-in. Field meanings:
https://learn.microsoft.com/azure/azure-monitor/reference/tables/signinlogs
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.estate import App, Estate, ServicePrincipal
from pipeline.simulate.logbook import EventRef, Logbook, Record
from pipeline.simulate.networks import Network
from pipeline.simulate.people import Device, Person
from pipeline.simulate.signin_parts import (
    FAILURES,
    MFA_DONE,
    authentication_details,
    device_detail,
    place_of,
)
from pipeline.simulate.times import offset_text, ticks_text

CATEGORIES = {
    "entra_signin": "SignInLogs",
    "entra_signin_noninteractive": "NonInteractiveUserSignInLogs",
    "entra_signin_service_principal": "ServicePrincipalSignInLogs",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the caller needs to go on: the record, and the token id that later records of other sources repeat."""

    ref: EventRef
    token_id: str


@dataclass(slots=True)
class EntraSignIns:
    estate: Estate
    logbook: Logbook
    rng: Random

    def user(
        self,
        person: Person,
        at: datetime,
        network: Network,
        source_ip: str,
        device: Device,
        session_id: str,
        client: App,
        resource: App,
        *,
        is_interactive: bool = False,
        mfa_method: str | None = None,
        error_code: int = 0,
        is_known_device: bool = True,
        incoming_token: str = "none",
    ) -> SignIn:
        """One user sign-in. `mfa_method` is the method of a second factor, or `Previously satisfied`, or None."""
        source = "entra_signin" if is_interactive else "entra_signin_noninteractive"
        request_id = identifiers.request_guid(self.rng)
        token_id = identifiers.token_id_of(request_id)
        is_claim = mfa_method == "Previously satisfied"
        status: Record = {"errorCode": error_code}
        if error_code:
            status["failureReason"] = FAILURES[error_code]
        elif mfa_method:
            status["additionalDetails"] = (
                "MFA requirement satisfied by claim in the token" if is_claim else MFA_DONE
            )
        is_bound = incoming_token == "primaryRefreshToken"
        properties: Record = {
            "id": request_id,
            "createdDateTime": offset_text(at),
            "userDisplayName": person.display_name,
            "userPrincipalName": person.upn,
            "userId": person.object_id,
            "agent": {"agentType": "notAgentic", "parentAppId": ""},
            "appId": client.app_id,
            "appDisplayName": client.name,
            "ipAddress": source_ip,
            "status": status,
            "clientAppUsed": "Browser" if is_interactive else "Mobile Apps and Desktop clients",
            "userAgent": device.user_agent,
            "deviceDetail": device_detail(device if is_known_device else None, device),
            "location": place_of(network),
            "mfaDetail": {"authMethod": mfa_method} if mfa_method and not is_claim else {},
            "correlationId": identifiers.guid(self.rng),
            "conditionalAccessStatus": "failure" if error_code else "success",
            "appliedConditionalAccessPolicies": [
                {
                    "id": self.estate.mfa_policy_id,
                    "displayName": "Require MFA for all users",
                    "enforcedGrantControls": ["Mfa"],
                    "enforcedSessionControls": [],
                    "result": "failure" if error_code else "success",
                    "conditionsSatisfied": 3,
                    "conditionsNotSatisfied": 0,
                }
            ],
            "originalRequestId": request_id,
            "isInteractive": is_interactive,
            "tokenIssuerName": "",
            "tokenIssuerType": "AzureAD",
            "authenticationProcessingDetails": [
                {"key": "Legacy TLS (TLS 1.0, 1.1, 3DES)", "value": "False"},
                {"key": "Is CAE Token", "value": "False"},
            ],
            "networkLocationDetails": (
                [{"networkType": "trustedNamedLocation", "networkNames": [network.name]}]
                if network.is_trusted
                else []
            ),
            "clientCredentialType": "none",
            "processingTimeInMilliseconds": 40 + int(self.rng.random() * 900),
            "riskDetail": "none",
            "riskLevelAggregated": "none",
            "riskLevelDuringSignIn": "none",
            "riskState": "none",
            "riskEventTypes": [],
            "riskEventTypes_v2": [],
            "resourceDisplayName": resource.name,
            "resourceId": resource.app_id,
            "resourceTenantId": self.estate.tenant_id,
            "homeTenantId": self.estate.tenant_id,
            "tenantId": self.estate.tenant_id,
            "authenticationDetails": authentication_details(at, mfa_method, is_interactive, error_code),
            "authenticationRequirementPolicies": [],
            "sessionLifetimePolicies": [],
            "authenticationRequirement": "multiFactorAuthentication",
            "servicePrincipalId": "",
            "userType": "Member",
            "flaggedForReview": False,
            "isTenantRestricted": False,
            "autonomousSystemNumber": network.asn,
            "crossTenantAccessType": "none",
            "privateLinkDetails": {},
            "ssoExtensionVersion": "",
            "uniqueTokenIdentifier": token_id,
            "authenticationStrengths": [],
            "incomingTokenType": incoming_token,
            "authenticationProtocol": "none",
            "appServicePrincipalId": None,
            "resourceServicePrincipalId": resource.service_principal_id or resource.app_id,
            "rngcStatus": 0,
            "signInTokenProtectionStatus": "none",
            "tokenProtectionStatusDetails": {
                "signInSessionStatus": "bound" if is_bound else "unbound",
                "signInSessionStatusCode": 0 if is_bound else 1002,
            },
            "originalTransferMethod": "none",
            "isThroughGlobalSecureAccess": False,
            "globalSecureAccessIpAddress": "",
            "conditionalAccessAudiences": [resource.app_id],
            "sessionId": session_id,
            "appOwnerTenantId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
            "resourceOwnerTenantId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        }
        return SignIn(
            self.keep(source, at, source_ip, network, error_code, properties, person.display_name), token_id
        )

    def service_principal(
        self,
        principal: ServicePrincipal,
        at: datetime,
        network: Network,
        source_ip: str,
        resource: App,
        key_id: str,
        library: str,
    ) -> SignIn:
        request_id = identifiers.request_guid(self.rng)
        token_id = identifiers.token_id_of(request_id)
        properties: Record = {
            "id": request_id,
            "createdDateTime": offset_text(at),
            "userId": None,
            "agent": {"agentType": "notAgentic", "parentAppId": ""},
            "appId": principal.app_id,
            "ipAddress": source_ip,
            "status": {"errorCode": 0},
            "userAgent": library,
            "location": place_of(network),
            "correlationId": identifiers.guid(self.rng),
            "conditionalAccessStatus": "notApplied",
            "appliedConditionalAccessPolicies": [],
            "isInteractive": False,
            "tokenIssuerType": "AzureAD",
            "authenticationProcessingDetails": [{"key": "Azure AD App Authentication Library", "value": ""}],
            "networkLocationDetails": [],
            "clientCredentialType": "clientSecret",
            "processingTimeInMilliseconds": 0,
            "riskDetail": "none",
            "riskLevelAggregated": "none",
            "riskLevelDuringSignIn": "none",
            "riskState": "none",
            "resourceDisplayName": resource.name,
            "resourceId": resource.app_id,
            "servicePrincipalName": principal.name,
            "servicePrincipalId": principal.object_id,
            "flaggedForReview": False,
            "isTenantRestricted": False,
            "autonomousSystemNumber": network.asn,
            "crossTenantAccessType": "none",
            "servicePrincipalCredentialKeyId": key_id,
            "servicePrincipalCredentialThumbprint": "",
            "uniqueTokenIdentifier": token_id,
            "incomingTokenType": "none",
            "authenticationProtocol": "none",
            "appServicePrincipalId": None,
            "resourceServicePrincipalId": resource.app_id,
            "signInTokenProtectionStatus": "none",
            "originalTransferMethod": "none",
            "isThroughGlobalSecureAccess": False,
            "conditionalAccessAudiences": [resource.app_id],
            "sessionId": "",
            "appOwnerTenantId": self.estate.tenant_id,
            "resourceOwnerTenantId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        }
        source = "entra_signin_service_principal"
        return SignIn(self.keep(source, at, source_ip, network, 0, properties, None), token_id)

    def keep(
        self,
        source: str,
        at: datetime,
        source_ip: str,
        network: Network,
        error_code: int,
        properties: Record,
        identity: str | None,
    ) -> EventRef:
        arrived_at = self.logbook.arrival_after(source, at)
        row: Record = {
            "time": ticks_text(arrived_at),
            "resourceId": f"/tenants/{self.estate.tenant_id}/providers/Microsoft.aadiam",
            "operationName": "Sign-in activity",
            "operationVersion": "1.0",
            "category": CATEGORIES[source],
            "tenantId": self.estate.tenant_id,
            "resultType": str(error_code),
            "resultSignature": "FAILURE" if error_code else "SUCCESS",
            "durationMs": 0,
            "callerIpAddress": source_ip,
            "correlationId": properties["correlationId"],
        }
        if error_code:
            row["resultDescription"] = FAILURES[error_code]
        if identity:
            row["identity"] = identity
        row |= {"Level": 4, "location": network.country, "properties": properties}
        return self.logbook.keep(source, CATEGORIES[source], at, arrived_at, properties["id"], row)
