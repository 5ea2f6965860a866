"""How AWS sessions begin besides a role: federation and session tokens, console sign-ins, a role switched to in the console.

Whoever is in the console has a key that changes with each request: such a session is its principal and its creation date.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.cloudtrail import AwsCaller, CloudTrail, role_caller
from pipeline.simulate.estate import IamUser, Role
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.times import seconds_text, sts_expiration_text

PORTAL_AGENT = "Jersey/${project.version} (HttpUrlConnection 17.0.12)"  # of Identity Center's own servers
SWITCH_AGENT = (
    "AWS Signin, aws-internal/3 aws-sdk-java/1.12.780 Linux/5.10.236 OpenJDK_64-Bit_Server_VM/25.452"
)


def session_thing(caller: AwsCaller) -> str:
    """The holder that a console session is, or else its key."""
    if not caller.is_console:
        return f"aws-key:{caller.key_id}"
    begun = caller.identity["sessionContext"]["attributes"]["creationDate"]
    return f"aws-session:{caller.identity['principalId']}/{begun}"


def credentials_of(trail: CloudTrail, account_id: str, at: datetime, seconds: int) -> tuple[str, Record]:
    key_id = identifiers.access_key_id("ASIA", account_id, trail.rng)
    return key_id, {
        "accessKeyId": key_id,
        "sessionToken": identifiers.session_token(trail.rng),
        "expiration": sts_expiration_text(at + timedelta(seconds=seconds)),
    }


def federation_token(
    trail: CloudTrail, caller: AwsCaller, user: IamUser, name: str, at: datetime, seconds: int = 43200
) -> tuple[AwsCaller, EventRef]:
    """A session that outlives the key it was made with."""
    at = at.replace(microsecond=0)
    key_id, credentials = credentials_of(trail, user.account_id, at, seconds)
    arn = f"arn:aws:sts::{user.account_id}:federated-user/{name}"
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    response = {
        "credentials": credentials,
        "federatedUser": {"federatedUserId": f"{user.account_id}:{name}", "arn": arn},
        "packedPolicySize": 2,
    }
    request = {"name": name, "policy": json.dumps(everything), "durationSeconds": seconds}
    ref = trail.call(caller, at, "sts", "GetFederationToken", request, response, read_only=False)
    identity = {
        "type": "FederatedUser",
        "principalId": f"{user.account_id}:{name}",
        "arn": arn,
        "accountId": user.account_id,
        "accessKeyId": key_id,
        "sessionContext": {"sessionIssuer": issuer_of(user), "attributes": attributes(at)},
    }
    return AwsCaller(user.account_id, identity, caller.source_ip, caller.user_agent), ref


def session_token(
    trail: CloudTrail, caller: AwsCaller, at: datetime, seconds: int = 43200
) -> tuple[AwsCaller, EventRef]:
    """The same user with a temporary key."""
    at = at.replace(microsecond=0)
    key_id, credentials = credentials_of(trail, caller.account_id, at, seconds)
    ref = trail.call(
        caller, at, "sts", "GetSessionToken", {"durationSeconds": seconds}, {"credentials": credentials}
    )
    identity = {
        **caller.identity,
        "accessKeyId": key_id,
        "sessionContext": {"sessionIssuer": {}, "attributes": attributes(at)},
    }
    return replace(caller, identity=identity), ref


def issuer_of(user: IamUser) -> Record:
    return {
        "type": "IAMUser",
        "principalId": user.user_id,
        "arn": user.arn,
        "accountId": user.account_id,
        "userName": user.name,
    }


def attributes(at: datetime, has_mfa: bool = False) -> Record:
    return {"creationDate": seconds_text(at), "mfaAuthenticated": str(has_mfa).lower()}


def signin_token(trail: CloudTrail, caller: AwsCaller, at: datetime, agent: str = PORTAL_AGENT) -> EventRef:
    """Keys are turned into a link to the console; Identity Center's own servers do the same at every sign-in."""
    key_id = identifiers.access_key_id("ASIA", caller.account_id, trail.rng)
    return trail.call(
        replace(caller, user_agent=agent), at, "signin", "GetSigninToken", None,
        {"credentials": {"accessKeyId": key_id}, "GetSigninToken": "Success"}, read_only=False,
        extra={"MobileVersion": "No", "MFAUsed": "No"}, event_type="AwsConsoleSignIn",
        host=f"{trail.home_region}.signin.aws.amazon.com",
    )  # fmt: skip


def console_sign_in(
    trail: CloudTrail, caller: AwsCaller, at: datetime, browser: str, has_mfa: bool = False
) -> tuple[AwsCaller, EventRef]:
    """The console session of a role or a federated user; the row of the sign-in itself names no key."""
    at = at.replace(microsecond=0)
    context = {**caller.identity["sessionContext"], "attributes": attributes(at, has_mfa)}
    identity = {
        name: value for name, value in caller.identity.items() if name != "accessKeyId"
    } | {"sessionContext": context}  # fmt: skip
    extra = {
        "LoginTo": "https://console.aws.amazon.com/console/home",
        "MobileVersion": "No",
        "MFAUsed": "Yes" if has_mfa else "No",
    }
    ref = trail.call(
        AwsCaller(caller.account_id, identity, caller.source_ip, browser), at, "signin", "ConsoleLogin", None,
        {"ConsoleLogin": "Success"}, read_only=False, extra=extra, event_type="AwsConsoleSignIn",
        host="signin.aws.amazon.com",
    )  # fmt: skip
    return AwsCaller(caller.account_id, identity, caller.source_ip, browser, is_console=True), ref


def user_console(
    trail: CloudTrail, user: IamUser, at: datetime, source_ip: str, browser: str, has_mfa: bool = False
) -> tuple[AwsCaller, EventRef]:
    """An IAM user's console session."""
    at = at.replace(microsecond=0)
    ref = aws_calls.console_login(trail, user, at, source_ip, browser, has_mfa)
    identity = issuer_of(user) | {"sessionContext": {"attributes": attributes(at, has_mfa)}}
    return AwsCaller(user.account_id, identity, source_ip, browser, is_console=True), ref


def switch_role(
    trail: CloudTrail, caller: AwsCaller, role: Role, session_name: str, at: datetime
) -> tuple[AwsCaller, list[EventRef]]:
    """`Switch role` in the console: the sign-in service assumes the role for the caller, then says that it switched."""
    at = at.replace(microsecond=0)
    assumed, refs = aws_calls.assume_role(
        trail, replace(caller, user_agent=SWITCH_AGENT), role, session_name, at
    )
    extra = {
        "SwitchTo": role.arn,
        "RedirectTo": f"https://{trail.home_region}.console.aws.amazon.com/console/home",
    }
    refs.append(
        trail.call(
            caller, at, "signin", "SwitchRole", None, {"SwitchRole": "Success"}, read_only=False, extra=extra,
            event_type="AwsConsoleSignIn", host="signin.aws.amazon.com",
        )
    )  # fmt: skip
    console = role_caller(role, session_name, assumed.key_id, at, caller.source_ip, caller.user_agent)
    return replace(console, is_console=True), refs
