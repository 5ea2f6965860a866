"""Ordinary resets in AWS: console passwords and second factors of IAM users, passwords and devices of Identity Center."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.campaign.acting import Acting, at_place
from pipeline.simulate.campaign.ordinary import Kind, OrdinaryPlan, Subject
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.cloudtrail import AwsCaller, user_caller
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.people import Person
from pipeline.simulate.times import later, seconds_text

ADMINS = ("platform",)


def admin_console(organisation: Organisation, plan: OrdinaryPlan) -> AwsCaller:
    admin = plan.agent or plan.person
    rng = organisation.world.stream(f"admin/{admin.login}/{plan.at}")
    return at_place(organisation, admin, plan.at, rng).aws(
        later(plan.at, -200), organisation.world.estate.platform_account
    )


def holder(organisation: Organisation, plan: OrdinaryPlan) -> Acting:
    return Acting(
        organisation,
        plan.person,
        plan.place_of_work,
        organisation.world.stream(f"own/{plan.person.login}/{plan.at}"),
    )


def own_console(acting: Acting, at: datetime, has_mfa: bool = True) -> AwsCaller:
    """The person's IAM user in the console, signed in at that time."""
    user, source_ip, agent = acting.own_user, acting.where(at)[1], acting.person.laptop.user_agent
    aws_calls.console_login(acting.world.trail, user, at, source_ip, agent, has_mfa=has_mfa)
    key_id = identifiers.access_key_id("ASIA", user.account_id, acting.world.trail.rng)
    caller = user_caller(user, source_ip, agent, key_id)
    attributes = {"creationDate": seconds_text(at), "mfaAuthenticated": str(has_mfa).lower()}
    return replace(
        caller, identity={**caller.identity, "sessionContext": {"attributes": attributes}}, is_console=True
    )


def change_password(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    caller = own_console(holder(organisation, plan), later(plan.at, -80))
    return [organisation.world.trail.call(caller, plan.at, "iam", "ChangePassword", read_only=False)]


def set_password(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    """An administrator sets a console password, old user or new, and its owner signs in with it."""
    acting = holder(organisation, plan)
    name = "CreateLoginProfile" if acting.rng.random() < 0.3 else "UpdateLoginProfile"
    user = acting.own_user
    request = {"userName": user.name, "passwordResetRequired": True}
    ref = organisation.world.trail.call(
        admin_console(organisation, plan), plan.at, "iam", name, request, read_only=False
    )
    caller = own_console(acting, later(plan.at, 700))
    organisation.world.trail.call(
        caller, later(plan.at, 790), "iam", "ListAccessKeys", {"userName": user.name}
    )
    return [ref]


def replace_device(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    """An administrator takes the lost phone off; the user adds the new one."""
    acting = holder(organisation, plan)
    user, trail = acting.own_user, organisation.world.trail
    serial = f"arn:aws:iam::{user.account_id}:mfa/{user.name}"
    request = {"userName": user.name, "serialNumber": serial}
    off = trail.call(
        admin_console(organisation, plan), plan.at, "iam", "DeactivateMFADevice", request, read_only=False
    )
    caller = own_console(acting, later(plan.at, 500), has_mfa=False)
    trail.call(caller, later(plan.at, 560), "iam", "CreateVirtualMFADevice", {"path": "/", "virtualMFADeviceName": f"{user.name}-2"}, {"virtualMFADevice": {"serialNumber": f"{serial}-2"}}, read_only=False)  # fmt: skip
    request = {"userName": user.name, "serialNumber": f"{serial}-2"}
    on = trail.call(caller, later(plan.at, 600), "iam", "EnableMFADevice", request, read_only=False)
    own_console(acting, later(plan.at, 760))
    return [off, on]


def in_identity_center(name: str) -> Callable[[Organisation, OrdinaryPlan], list[EventRef]]:
    def perform(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
        estate = organisation.world.estate
        request = {
            "userId": estate.identity_center_ids[plan.person.login],
            "identityStoreId": estate.identity_store_id,
        }
        if name == "UpdatePassword":
            request["passwordMode"] = "EMAIL"
        else:
            request["deviceId"] = f"{organisation.world.stream(f'device/{plan.at}').getrandbits(64):016x}"
        ref = organisation.world.trail.call(
            admin_console(organisation, plan), plan.at, "sso-directory", name, request, read_only=False,
            host=f"up.sso.{estate.home_region}.amazonaws.com",
        )  # fmt: skip
        account_id = estate.data_account if plan.person.job == "data" else estate.platform_account
        acting = holder(organisation, plan)
        caller = acting.command_line(later(plan.at, 900), account_id)
        organisation.world.trail.call(caller, later(plan.at, 930), "sts", "GetCallerIdentity")
        return [ref]

    return perform


def has_own_user(organisation: Organisation, person: Person) -> bool:
    return person.login in organisation.world.estate.own_users


def is_in_identity_center(organisation: Organisation, person: Person) -> bool:
    return bool(organisation.world.estate.identity_store_id) and person.job in {
        "platform",
        "data",
        "developer",
    }


def iam_user(organisation: Organisation, person: Person) -> Subject:
    user = organisation.world.estate.own_users[person.login]
    return Subject(user.name, user.arn)


def identity_center_user(organisation: Organisation, person: Person) -> Subject:
    return Subject(person.upn, organisation.world.estate.identity_center_ids[person.login])


IAM_KINDS = (
    Kind("iam_own_change", "aws", 12, ("password",), ("changed on schedule",), change_password,
         suits=has_own_user, subject=iam_user),
    Kind("iam_admin_password", "aws", 14, ("password",), ("forgot the console password",), set_password,
         by=ADMINS, by_somebody_else=True, suits=has_own_user, subject=iam_user),
    Kind("iam_new_device", "aws", 10, ("mfa_method",), ("the phone is lost",), replace_device,
         by=ADMINS, by_somebody_else=True, suits=has_own_user, subject=iam_user),
    Kind("identity_center_password", "aws", 5, ("password",), ("forgot it",), in_identity_center("UpdatePassword"),
         by=ADMINS, by_somebody_else=True, suits=is_in_identity_center, subject=identity_center_user),
    Kind("identity_center_device", "aws", 4, ("mfa_method",), ("the security key is lost",),
         in_identity_center("DeleteMfaDeviceForUser"), by=ADMINS, by_somebody_else=True, suits=is_in_identity_center,
         subject=identity_center_user),
)  # fmt: skip
