"""IAM calls of CloudTrail as AWS writes them: users, their keys and passwords, roles and what may assume them."""

import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from pipeline.simulate import identifiers
from pipeline.simulate.cloudtrail import AwsCaller, CloudTrail
from pipeline.simulate.estate import IamUser, Role
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.times import sts_expiration_text

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def create_user(
    trail: CloudTrail, caller: AwsCaller, at: datetime, account_id: str, name: str
) -> tuple[IamUser, EventRef]:
    user = IamUser(account_id, name, identifiers.principal_id("AIDA", trail.rng), None)
    made = {
        "userName": name,
        "userId": user.user_id,
        "arn": user.arn,
        "path": "/",
        "createDate": sts_expiration_text(at),
    }
    ref = trail.call(caller, at, "iam", "CreateUser", {"userName": name}, {"user": made}, read_only=False)
    return user, ref


def attach_user_policy(
    trail: CloudTrail, caller: AwsCaller, at: datetime, user: IamUser, policy: str = ADMINISTRATOR
) -> EventRef:
    request = {"userName": user.name, "policyArn": policy}
    return trail.call(caller, at, "iam", "AttachUserPolicy", request, read_only=False)


def create_login_profile(trail: CloudTrail, caller: AwsCaller, at: datetime, user: IamUser) -> EventRef:
    request = {"userName": user.name, "passwordResetRequired": False}
    profile = {**request, "createDate": sts_expiration_text(at)}
    return trail.call(
        caller, at, "iam", "CreateLoginProfile", request, {"loginProfile": profile}, read_only=False
    )


def update_login_profile(
    trail: CloudTrail, caller: AwsCaller, at: datetime, user: IamUser, must_change: bool = False
) -> EventRef:
    request = {"userName": user.name} | ({"passwordResetRequired": True} if must_change else {})
    return trail.call(caller, at, "iam", "UpdateLoginProfile", request, read_only=False)


def set_key_status(
    trail: CloudTrail, caller: AwsCaller, at: datetime, user: IamUser, key_id: str, status: str
) -> EventRef:
    request = {"userName": user.name, "accessKeyId": key_id, "status": status}
    return trail.call(caller, at, "iam", "UpdateAccessKey", request, read_only=False)


def deactivate_mfa(trail: CloudTrail, caller: AwsCaller, at: datetime, user: IamUser) -> EventRef:
    request = {"userName": user.name, "serialNumber": f"arn:aws:iam::{user.account_id}:mfa/{user.name}"}
    return trail.call(caller, at, "iam", "DeactivateMFADevice", request, read_only=False)


def trust_document(principal: Mapping[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": dict(principal), "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_role(
    trail: CloudTrail, caller: AwsCaller, at: datetime, name: str, document: str
) -> tuple[Role, EventRef]:
    """The document is plain in the request and URL-encoded in the response."""
    role = Role(caller.account_id, name, identifiers.principal_id("AROA", trail.rng))
    made = {
        "path": "/",
        "roleName": name,
        "roleId": role.role_id,
        "arn": role.arn,
        "createDate": sts_expiration_text(at),
        "assumeRolePolicyDocument": quote(document),
    }
    request = {"roleName": name, "assumeRolePolicyDocument": document}
    return role, trail.call(caller, at, "iam", "CreateRole", request, {"role": made}, read_only=False)


def attach_role_policy(trail: CloudTrail, caller: AwsCaller, at: datetime, role: Role) -> EventRef:
    request = {"roleName": role.name, "policyArn": ADMINISTRATOR}
    return trail.call(caller, at, "iam", "AttachRolePolicy", request, read_only=False)


def edit_trust(trail: CloudTrail, caller: AwsCaller, at: datetime, role: Role, document: str) -> EventRef:
    request = {"roleName": role.name, "policyDocument": document}
    return trail.call(caller, at, "iam", "UpdateAssumeRolePolicy", request, read_only=False)
