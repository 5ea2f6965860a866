"""S3: from Entra into AWS as the victim. Secrets, machines, a user of one's own, blindness, and what is worth taking."""

from collections.abc import Sequence
from datetime import datetime

from pipeline.simulate import aws_calls, identifiers, sharing_calls
from pipeline.simulate.campaign import attack_aws_steps as steps
from pipeline.simulate.campaign.attack_aws_steps import AwsHands
from pipeline.simulate.campaign.attack_parts import hands, play
from pipeline.simulate.campaign.attack_resets import take_over, victim_goes_on
from pipeline.simulate.campaign.attack_sharing import foreign_account
from pipeline.simulate.campaign.attack_trust import chain_role, let_account_in
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.signin_calls import user_console
from pipeline.simulate.times import jitter, later


def lucr_3(stage: Stage) -> None:
    """S3. The console and its shell; persistence and blindness in whatever order."""
    entrant, at = enter(stage)
    at = play(
        stage, at, lambda at: steps.look_around(entrant, at), lambda at: open_shell(entrant, at), chance=0.85
    )
    at = play(stage, at, lambda at: steps.read_secrets(entrant, at))
    at = play(
        stage, at, lambda at: steps.read_parameters(entrant, at), lambda at: take_machine(entrant, at), chance=0.7,
        is_shuffled=True,
    )  # fmt: skip

    def persist(begins_at: datetime) -> datetime:
        user, key_id, ended_at = steps.make_user(entrant, begins_at)
        ended_at = stage.after(ended_at)
        origin = stage.origin()
        if stage.rng.random() < 0.5:
            return steps.look_around(steps.key_hands(stage, user, origin, key_id), ended_at)
        caller, ref = user_console(
            stage.world.trail, user, ended_at, origin.address, entrant.caller.user_agent
        )
        signed_in = AwsHands(stage, caller, origin)
        signed_in.tell("console_sign_in_of_new_user", [ref], f"{user.name} signs in to the console.")
        return steps.look_around(signed_in, later(ended_at, 60))

    at = play(stage, at, persist, lambda at: blind(entrant, at), chance=0.85, is_shuffled=True)
    play(
        stage, at, lambda at: steps.read_bucket(entrant, at, "backups"), lambda at: chain_role(entrant, at),
        lambda at: let_account_in(entrant, at, foreign_account(stage)), chance=0.45, is_shuffled=True,
    )  # fmt: skip


def muddled_libra(stage: Stage) -> None:
    """S3's variant: what buckets there are and how they are watched, secrets, and a file transfer server to take it all."""
    session = hands(stage)
    at = take_over(session, stage.reset_at)
    victim_goes_on(stage, later(stage.reset_at, 120))
    entrant, at = steps.take_keys(session, stage.after(at), stage.world.estate.platform_account)
    at = play(stage, at, lambda at: steps.look_around(entrant, at), lambda at: survey_buckets(entrant, at))
    at = play(
        stage, at, lambda at: steps.read_secrets(entrant, at), lambda at: transfer_server(entrant, at), is_shuffled=True
    )  # fmt: skip
    play(stage, at, lambda at: steps.read_bucket(entrant, at), chance=0.6)


def enter(stage: Stage) -> tuple[AwsHands, datetime]:
    """Reset, session, console of the platform account."""
    session = hands(stage)
    at = take_over(session, stage.reset_at)
    victim_goes_on(stage, later(stage.reset_at, 120))
    return steps.open_console(session, stage.after(at), stage.world.estate.platform_account)


def series(
    entrant: AwsHands,
    at: datetime,
    calls: Sequence[tuple[str, str, Record | None, Record | None]],
    seconds: float,
) -> tuple[datetime, list[EventRef]]:
    refs = []
    for service, name, request, response in calls:
        refs.append(entrant.call(at, service, name, request, response))
        at = jitter(later(at, 2), seconds, entrant.stage.rng)
    return at, refs


def open_shell(entrant: AwsHands, at: datetime) -> datetime:
    rng = entrant.stage.rng
    environment, session_id = identifiers.guid(rng), f"{int(at.timestamp() * 1e9)}-{rng.getrandbits(60):x}"
    session = {
        "EnvironmentId": environment,
        "QCliDisabled": False,
        "SessionType": "TMUX",
        "TabId": identifiers.guid(rng),
    }
    at, refs = series(entrant, at, (
        ("cloudshell", "CreateEnvironment", {}, {"EnvironmentId": environment, "Status": "CREATING"}),
        ("cloudshell", "CreateSession", session, {"EnvironmentId": environment, "SessionId": session_id, "TokenValue": "***"}),
        ("cloudshell", "PutCredentials", {"EnvironmentId": environment}, None),
    ), 20)  # fmt: skip
    entrant.tell("open_shell", refs, "A shell in the console, with the session's own rights.")
    return at


def take_machine(entrant: AwsHands, at: datetime) -> datetime:
    """Another role for a machine, and a way onto its serial console."""
    rng = entrant.stage.rng
    instance, association = (
        identifiers.aws_resource_id("i", rng),
        identifiers.aws_resource_id("iip-assoc", rng),
    )
    profile = {"AssociationId": association, "IamInstanceProfile": {"Name": "orders-admin"}}
    key = {
        "instanceId": instance,
        "monitorMode": False,
        "serialPort": 0,
        "sSHPublicKey": f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{rng.getrandbits(160):040X}",
    }
    at, refs = series(entrant, at, (
        ("ec2", "ReplaceIamInstanceProfileAssociation", {"ReplaceIamInstanceProfileAssociationRequest": profile}, {"ReplaceIamInstanceProfileAssociationResponse": {"iamInstanceProfileAssociation": {"associationId": association, "instanceId": instance, "state": "associating"}}}),
        ("ec2", "EnableSerialConsoleAccess", {"EnableSerialConsoleAccessRequest": ""}, {"EnableSerialConsoleAccessResponse": {"serialConsoleAccessEnabled": True}}),
        ("ec2-instance-connect", "SendSerialConsoleSSHPublicKey", key, {"success": True}),
    ), 120)  # fmt: skip
    entrant.tell("take_machine", refs, f"{instance} gets a stronger role and a key for its serial console.")
    return at


def blind(entrant: AwsHands, at: datetime) -> datetime:
    """GuardDuty and the trail."""
    rng, trail = entrant.stage.rng, "management-events"
    detector = f"{rng.getrandbits(128):032x}"
    calls = [
        ("guardduty", "DeleteInvitations", {"accountIds": [entrant.stage.world.estate.data_account]}, {"unprocessedAccounts": []}),
        ("guardduty", "DisassociateFromMasterAccount", {"detectorId": detector}, None),
        ("guardduty", "DeleteDetector", {"detectorId": detector}, None),
        ("cloudtrail", "StopLogging", {"name": trail}, None),
        ("cloudtrail", "DeleteTrail", {"name": trail}, None),
    ]  # fmt: skip
    chosen = [call for call in calls if rng.random() < 0.7] or calls[2:4]
    at, refs = series(entrant, at, chosen, 90)
    entrant.tell("blind", refs, "What watches is switched off.")
    return at


def survey_buckets(entrant: AwsHands, at: datetime) -> datetime:
    stage, trail = entrant.stage, entrant.stage.world.trail
    refs = [aws_calls.list_buckets(trail, entrant.caller, at)]
    for purpose in ("data-lake", "customer-exports", "backups"):
        bucket = stage.world.estate.bucket(purpose)
        for name, parameter in (
            ("GetBucketAcl", "acl"), ("GetBucketLogging", "logging"), ("GetBucketPolicy", "policy"),
            ("GetBucketReplication", "replication"), ("GetBucketVersioning", "versioning"),
        ):  # fmt: skip
            at = jitter(later(at, 0.5), 6, stage.rng)
            refs.append(sharing_calls.bucket_call(trail, entrant.caller, at, name, bucket, parameter))
    entrant.tell("survey_buckets", refs, "Who may read which bucket, and who would see it.")
    return at


def transfer_server(entrant: AwsHands, at: datetime) -> datetime:
    """A file transfer server in front of a bucket, and a user of it."""
    stage = entrant.stage
    account, bucket = entrant.caller.account_id, stage.world.estate.bucket("customer-exports")
    server = f"s-{stage.rng.getrandbits(68):017x}"
    user = {
        "serverId": server,
        "userName": "partner",
        "role": f"arn:aws:iam::{account}:role/transfer-access",
        "homeDirectory": f"/{bucket}",
        "sshPublicKeyBody": f"ssh-rsa AAAAB3NzaC1yc2E{stage.rng.getrandbits(160):040X}",
    }
    at, refs = series(entrant, at, (
        ("transfer", "CreateServer", {"protocols": ["SFTP"], "endpointType": "PUBLIC", "identityProviderType": "SERVICE_MANAGED"}, {"serverId": server}),
        ("transfer", "CreateUser", user, {"serverId": server, "userName": "partner"}),
    ), 200)  # fmt: skip
    entrant.tell(
        "transfer_server",
        refs,
        f"A file transfer server on {bucket}, and a user.",
        f"principal:{server}/partner",
    )
    return at
