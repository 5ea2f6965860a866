"""Parts of Entra audit rows: actors, targets, modified properties, and what a change of second factors consists of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.simulate.estate import App
from pipeline.simulate.logbook import Record
from pipeline.simulate.people import Person

METHOD_TYPES = {"TwoWaySms": 1, "PhoneAppNotification": 6, "PhoneAppOTP": 7}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a person at an address, or an application."""

    initiated_by: Record
    source_ip: str


@dataclass(frozen=True, slots=True)
class MethodChange:
    """What happens to a person's second factors: the activity, its reason, and the phone before and after."""

    activity: str
    reason: str
    old_phone: str | None
    new_phone: str | None


def phone_registered(old_phone: str | None, new_phone: str) -> MethodChange:
    reason = "User registered Authenticator App with Notification and Code"
    return MethodChange("User registered security info", reason, old_phone, new_phone)


def phone_deleted_by_admin(old_phone: str) -> MethodChange:
    return MethodChange(
        "Admin deleted security info", "Admin deleted Authenticator App for user", old_phone, None
    )


def old_phone_deleted(new_phone: str) -> MethodChange:
    reason = "User deleted Authenticator App with Notification and Code"
    return MethodChange("User deleted security info", reason, new_phone, new_phone)


def access_pass_registered(phone: str) -> MethodChange:
    reason = "Admin registered temporary access pass method for user"
    return MethodChange("Admin registered security info", reason, phone, phone)


def by_person(person: Person, source_ip: str) -> Actor:
    user = {
        "id": person.object_id,
        "displayName": None,
        "userPrincipalName": person.upn,
        "ipAddress": source_ip,
        "roles": [],
    }
    return Actor({"user": user}, source_ip)


def by_app(app: App) -> Actor:
    initiator = {
        "appId": None,
        "displayName": app.name,
        "servicePrincipalId": app.service_principal_id,
        "servicePrincipalName": None,
    }
    return Actor({"app": initiator}, "")


def changed(name: str, old: object, new: object) -> Record:
    """A modified property: values are JSON inside a string."""
    return {
        "displayName": name,
        "oldValue": None if old is None else json.dumps(old, separators=(",", ":")),
        "newValue": None if new is None else json.dumps(new, separators=(",", ":")),
    }


def user_target(person: Person, modified: Sequence[Record] = ()) -> Record:
    return {
        "id": person.object_id,
        "displayName": None,
        "type": "User",
        "userPrincipalName": person.upn,
        "modifiedProperties": list(modified),
        "administrativeUnits": [],
    }


def strong_authentication(old_device: str | None, new_device: str | None) -> list[Record]:
    """The detail of a method change: phone app devices and method types, index 6 and 7 of Microsoft's list."""

    def methods(device: str | None) -> list[Record]:
        kinds = ("PhoneAppNotification", "PhoneAppOTP") if device else ()
        return [
            {"MethodType": METHOD_TYPES[kind], "Default": kind == "PhoneAppNotification"} for kind in kinds
        ]

    def devices(device: str | None) -> list[Record]:
        return [{"DeviceName": device, "DeviceToken": "apns2-…", "AuthenticationType": 3}] if device else []

    return [
        changed("StrongAuthenticationMethod", methods(old_device), methods(new_device)),
        changed("StrongAuthenticationPhoneAppDetail", devices(old_device), devices(new_device)),
        changed(
            "Included Updated Properties",
            None,
            "StrongAuthenticationMethod, StrongAuthenticationPhoneAppDetail",
        ),
        changed("TargetId.UserType", None, "Member"),
    ]


def secret_text(key_id: str, label: str) -> str:
    return f"[KeyIdentifier={key_id},KeyType=Password,KeyUsage=Verify,DisplayName={label}]"
