"""S12: sessions that outlive their key, consoles opened with them, another account switched to, users in Identity Center."""

from datetime import datetime

from pipeline.simulate import iam_calls, identifiers, signin_calls
from pipeline.simulate.campaign import attack_aws_steps as steps
from pipeline.simulate.campaign.attack_aws_steps import AwsHands
from pipeline.simulate.campaign.attack_parts import BROWSERS, hands, play
from pipeline.simulate.campaign.attack_resets import take_over, victim_goes_on
from pipeline.simulate.campaign.attack_sharing import foreign_account
from pipeline.simulate.campaign.attack_trust import let_account_in
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import IamUser
from pipeline.simulate.times import jitter, later


def federated_sessions(stage: Stage) -> None:
    """S12. A role session makes a user and its key; the key makes a federated session and is switched off."""
    session = hands(stage)
    at = take_over(session, stage.reset_at)
    victim_goes_on(stage, later(stage.reset_at, 120))
    estate = stage.world.estate
    entrant, at = steps.take_keys(session, stage.after(at), estate.platform_account)
    at = play(stage, at, lambda at: steps.look_around(entrant, at), chance=0.6)
    user, key_id, at = steps.make_user(entrant, stage.after(at))
    keyed = steps.key_hands(stage, user, stage.origin(), key_id)
    federated, at = federate(keyed, user, stage.after(at))
    at = play(stage, at, lambda at: switch_key_off(entrant, user, key_id or "", at))
    at = play(
        stage, at, lambda at: console_from_keys(federated, at), lambda at: steps.read_bucket(federated, at, "reports"),
        chance=0.85, is_shuffled=True,
    )  # fmt: skip
    play(
        stage, at, lambda at: switch_account(stage, user, at), lambda at: identity_center(entrant, at),
        lambda at: let_account_in(entrant, at, foreign_account(stage)), chance=0.65, is_shuffled=True,
    )  # fmt: skip


def federate(keyed: AwsHands, user: IamUser, at: datetime) -> tuple[AwsHands, datetime]:
    """GetCallerIdentity, sometimes GetSessionToken, and the federation token."""
    stage, trail = keyed.stage, keyed.stage.world.trail
    refs = [keyed.call(at, "sts", "GetCallerIdentity", read_only=True)]
    keyed.tell("try_key", refs, f"{user.name}'s key is tried.")
    at = stage.after(at)
    if stage.rng.random() < 0.35:
        at = stage.after(temporary_session(keyed, at))
    name = stage.rng.choice(("backup", "support", "reporting", user.name))
    caller, ref = signin_calls.federation_token(trail, keyed.caller, user, name, at)
    federated = AwsHands(stage, caller, keyed.origin)
    federated.tell("federation_token", [ref], f"A federated session {name}, good for hours without its key.")
    return federated, at


def temporary_session(keyed: AwsHands, at: datetime) -> datetime:
    """The same user with a temporary key, which no list of keys shows."""
    caller, ref = signin_calls.session_token(keyed.stage.world.trail, keyed.caller, at)
    temporary = AwsHands(keyed.stage, caller, keyed.origin)
    temporary.tell("session_token", [ref], "A temporary key of the same user.")
    return steps.look_around(temporary, keyed.stage.after(at, 20))


def switch_key_off(entrant: AwsHands, user: IamUser, key_id: str, at: datetime) -> datetime:
    """As if the key had been cleaned up."""
    ref = iam_calls.set_key_status(entrant.stage.world.trail, entrant.caller, at, user, key_id, "Inactive")
    entrant.tell(
        "key_inactive",
        [ref],
        f"{user.name}'s key is made inactive; the federated session is not.",
        f"aws-key:{key_id}",
    )
    return at


def console_from_keys(federated: AwsHands, at: datetime) -> datetime:
    """The link to the console is asked for by a script, not by Identity Center's servers."""
    stage, trail = federated.stage, federated.stage.world.trail
    agent = stage.rng.choice(("python-requests/2.32.3", "Python-urllib/3.12", "Boto3/1.40.11"))
    refs = [signin_calls.signin_token(trail, federated.caller, at, agent)]
    federated.tell("signin_token", refs, "Its keys are turned into a link to the console.")
    browser = stage.rng.choice(BROWSERS)[2]
    at = jitter(later(at, 10), 200, stage.rng)
    console, ref = signin_calls.console_sign_in(trail, federated.caller, at, browser)
    entrant = AwsHands(stage, console, federated.origin)
    entrant.tell("console_sign_in", [ref], "The console opens for the federated user.")
    return steps.look_around(entrant, stage.after(at, 20))


def switch_account(stage: Stage, user: IamUser, at: datetime) -> datetime:
    """The user gets a password from nobody's sight, signs in, and switches to the data account's administrators."""
    estate, trail, origin = stage.world.estate, stage.world.trail, stage.origin()
    caller, entered = signin_calls.user_console(
        trail, user, at, origin.address, stage.rng.choice(BROWSERS)[2]
    )
    console = AwsHands(stage, caller, origin)
    console.tell("console_sign_in_of_new_user", [entered], f"{user.name} signs in to the console.")
    at = stage.after(at)
    role = estate.roles[estate.data_account, "data-deploy"]
    switched, refs = signin_calls.switch_role(trail, caller, role, user.name, at)
    other = AwsHands(stage, switched, origin)
    other.tell("switch_role", refs, f"It switches to {role.name} in the other account.")
    return steps.read_bucket(other, stage.after(at), "data-lake")


def identity_center(entrant: AwsHands, at: datetime) -> datetime:
    """A user in Identity Center, a member of a group, and an assignment to an account."""
    stage, rng = entrant.stage, entrant.stage.rng
    estate = stage.world.estate
    store = estate.identity_store_id or "d-99672cd12f"
    user_id, group_id, request_id = (identifiers.guid(rng) for _ in range(3))
    instance = f"ssoins-{rng.getrandbits(64):016x}"
    assignment = {
        "instanceArn": f"arn:aws:sso:::instance/{instance}",
        "targetId": estate.data_account,
        "targetType": "AWS_ACCOUNT",
        "permissionSetArn": f"arn:aws:sso:::permissionSet/{instance}/ps-{rng.getrandbits(64):016x}",
        "principalType": "USER",
        "principalId": user_id,
    }
    status = {
        "accountAssignmentCreationStatus": {"status": "IN_PROGRESS", "requestId": request_id, **assignment}
    }
    hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
    calls = (
        ("sso-directory", "CreateUser", {"identityStoreId": store, "userName": hidden, "userAttributes": hidden}, {"user": {"userId": user_id, "userName": hidden}}),
        ("sso-directory", "AddMemberToGroup", {"identityStoreId": store, "groupId": group_id, "member": {"memberId": user_id}}, {"membershipId": identifiers.guid(rng)}),
        ("sso", "CreateAccountAssignment", assignment, status),
    )  # fmt: skip
    refs = []
    for service, name, request, response in calls:
        refs.append(entrant.call(at, service, name, request, response))
        at = jitter(later(at, 5), 120, rng)
    entrant.tell(
        "identity_center_user",
        refs,
        "A user in Identity Center, with administrators' access.",
        f"principal:{user_id}",
    )
    return at
