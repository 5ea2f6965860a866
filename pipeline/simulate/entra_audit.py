"""Entra audit rows as diagnostic settings export them. One action commonly writes two or three rows under one
`correlationId`: the service's own row, an `Update user` twin with the detail, and the token cut-off.

Activities: https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.audit_parts import (
    Actor,
    MethodChange,
    by_app,
    by_person,
    changed,
    secret_text,
    strong_authentication,
    user_target,
)
from pipeline.simulate.estate import Estate, ServicePrincipal
from pipeline.simulate.logbook import EventRef, Logbook, Record
from pipeline.simulate.people import Person
from pipeline.simulate.times import later, offset_text, ticks_text


@dataclass(slots=True)
class EntraAudit:
    estate: Estate
    logbook: Logbook
    rng: Random

    def row(
        self,
        actor: Actor,
        at: datetime,
        activity: str,
        targets: Sequence[Record],
        *,
        service: str = "Core Directory",
        category: str = "UserManagement",
        operation: str = "Update",
        reason: str = "",
        details: Sequence[tuple[str, str]] = (),
        correlation_id: str | None = None,
    ) -> EventRef:
        correlation_id = correlation_id or identifiers.guid(self.rng)
        prefix = "Directory" if service == "Core Directory" else service
        shard = identifiers.text_of(identifiers.UPPER_ALPHANUMERIC, 5, self.rng)
        row_id = f"{prefix}_{correlation_id}_{shard}_{self.rng.getrandbits(27)}"
        arrived_at = self.logbook.arrival_after("entra_audit", at)
        record = {
            "time": ticks_text(arrived_at),
            "resourceId": f"/tenants/{self.estate.tenant_id}/providers/Microsoft.aadiam",
            "operationName": activity,
            "operationVersion": "1.0",
            "category": "AuditLogs",
            "tenantId": self.estate.tenant_id,
            "resultSignature": "None",
            "durationMs": 0,
            "callerIpAddress": actor.source_ip or None,
            "correlationId": correlation_id,
            "Level": 4,
            "properties": {
                "tenantId": self.estate.tenant_id,
                "resultType": "",
                "resultDescription": reason,
                "operationName": activity,
                "identity": "",
                "tenantGeo": "EU",
                "id": row_id,
                "category": category,
                "correlationId": correlation_id,
                "result": "success",
                "resultReason": reason,
                "activityDisplayName": activity,
                "activityDateTime": offset_text(at),
                "loggedByService": service,
                "operationType": operation,
                "userAgent": None,
                "initiatedBy": actor.initiated_by,
                "performedBy": None,
                "targetResources": list(targets),
                "additionalDetails": [{"key": key, "value": value} for key, value in details],
            },
        }
        return self.logbook.keep("entra_audit", "AuditLogs", at, arrived_at, row_id, record)

    def password_reset(self, actor: Actor, person: Person, at: datetime, has_cut_off: bool) -> list[EventRef]:
        """A help desk sets a new password: the service's row, the directory's row and its twin, then the cut-off."""
        correlation_id = identifiers.guid(self.rng)
        twin = [
            changed("Included Updated Properties", None, ""),
            changed("TargetId.UserType", None, "Member"),
        ]
        refs = [
            self.row(
                actor, at, "Reset user password", [user_target(person)], correlation_id=correlation_id,
                details=[("UserType", "Member")],
            ),
            self.row(actor, at, "Update user", [user_target(person, twin)], correlation_id=correlation_id),
            self.row(
                actor, later(at, 1), "Reset password (by admin)", [user_target(person)], correlation_id=correlation_id,
                service="Self-service Password Management", reason="Successfully completed reset.",
                details=[("OnPremisesAgent", "None")],
            ),
        ]  # fmt: skip
        if has_cut_off:
            refs.append(self.token_cut_off(actor, person, at, correlation_id))
        return refs

    def self_service_reset(self, person: Person, source_ip: str, at: datetime) -> list[EventRef]:
        """SSPR: the flow's own row by the person, then the directory's rows by the password reset service."""
        correlation_id = identifiers.guid(self.rng)
        person_self = by_person(person, source_ip)
        service = by_app(self.estate.password_service)
        reason = "Successfully completed reset."
        return [
            self.row(
                person_self, at, "Reset password (self-service)", [user_target(person)], correlation_id=correlation_id,
                service="Self-service Password Management", reason=reason, details=[("OnPremisesAgent", "None")],
            ),
            self.row(service, later(at, 1), "Reset user password", [user_target(person)], correlation_id=correlation_id),
            self.token_cut_off(service, person, later(at, 1), correlation_id),
        ]  # fmt: skip

    def token_cut_off(
        self, actor: Actor, person: Person, at: datetime, correlation_id: str | None = None
    ) -> EventRef:
        cut_off = at.replace(microsecond=0)
        modified = [
            changed("StsRefreshTokensValidFrom", ["2025-11-03T08:12:44Z"], [f"{cut_off:%Y-%m-%dT%H:%M:%SZ}"]),
            changed("Included Updated Properties", None, "StsRefreshTokensValidFrom"),
            changed("TargetId.UserType", None, "Member"),
        ]
        return self.row(
            actor,
            at,
            "Update StsRefreshTokenValidFrom Timestamp",
            [user_target(person, modified)],
            correlation_id=correlation_id,
        )

    def security_info(
        self, actor: Actor, person: Person, at: datetime, change: MethodChange
    ) -> list[EventRef]:
        """A method registered or deleted: the row of the service, and the `Update user` twin with the devices."""
        correlation_id = identifiers.guid(self.rng)
        operation = "Add" if "registered" in change.activity else "Delete"
        modified = strong_authentication(change.old_phone, change.new_phone)
        twin = user_target(person, modified)
        service = by_app(self.estate.mfa_service)
        return [
            self.row(
                actor, at, change.activity, [user_target(person)], service="Authentication Methods",
                reason=change.reason, correlation_id=correlation_id, operation=operation,
            ),
            self.row(service, later(at, 1), "Update user", [twin], correlation_id=correlation_id),
        ]  # fmt: skip

    def add_secret(
        self, actor: Actor, principal: ServicePrincipal, at: datetime, key_id: str, label: str
    ) -> list[EventRef]:
        """A new client secret: one row on the application (its name ends in a space, with an en dash), two on the principal."""
        correlation_id = identifiers.guid(self.rng)
        old = [secret_text(principal.credential_key_id, "rotated by pipeline")]
        key_change = changed("KeyDescription", old, [*old, secret_text(key_id, label)])
        included = changed("Included Updated Properties", None, "KeyDescription")
        names = changed("TargetId.ServicePrincipalNames", None, principal.app_id)
        agent = [
            ("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"),
            ("AppId", principal.app_id),
        ]

        def target(kind: str, object_id: str, modified: list[Record]) -> list[Record]:
            return [
                {
                    "id": object_id,
                    "displayName": principal.name,
                    "type": kind,
                    "modifiedProperties": modified,
                    "administrativeUnits": [],
                }
            ]

        rows = (
            ("Update application \N{EN DASH} Certificates and secrets management ", "Application",
             principal.application_object_id, [key_change, included]),
            ("Add service principal credentials", "ServicePrincipal", principal.object_id, [key_change, included, names]),
            ("Update service principal", "ServicePrincipal", principal.object_id, [included, names]),
        )  # fmt: skip
        return [
            self.row(
                actor, later(at, number * 0.2), activity, target(kind, object_id, modified),
                category="ApplicationManagement", correlation_id=correlation_id, details=agent,
            )
            for number, (activity, kind, object_id, modified) in enumerate(rows)
        ]  # fmt: skip
