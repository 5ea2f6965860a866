"""S6, S11: an old access key that a reset of the password does not touch."""

from datetime import datetime, timedelta

from pipeline.simulate import aws_calls, iam_calls, sharing_calls
from pipeline.simulate.campaign import attack_aws_steps as steps
from pipeline.simulate.campaign.attack_aws_steps import AwsHands
from pipeline.simulate.campaign.attack_parts import S3_TOOLS, play
from pipeline.simulate.campaign.attack_resets import office_of, reset_by_help_desk, victim_goes_on
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.cloudtrail import CLI_AGENT, user_caller
from pipeline.simulate.estate import IamUser
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.times import jitter, later

REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-west-3",
    "ap-southeast-1",
    "ap-northeast-1",
)


def own_user(stage: Stage) -> IamUser:
    """The victim's own, else a machine's of the organisation."""
    return stage.world.estate.own_users.get(stage.victim.login) or stage.world.estate.users["reports-export"]


def own_key(stage: Stage, user: IamUser, at: datetime) -> str | None:
    """The key it has then: it may have been rotated."""
    keys = [key for since, key in stage.world.rotations.get(f"user/{user.name}", ()) if since <= at]
    return keys[-1] if keys else user.access_key_id


def own_life(stage: Stage, user: IamUser) -> None:
    """Scripts at home, in the week before: the key has a past."""
    source_ip = stage.victim.home.address(stage.victim.home_host)
    for days in range(6, 0, -1):
        at = jitter(stage.reset_at - timedelta(days=days), 4 * 3600, stage.rng)
        caller = user_caller(user, source_ip, CLI_AGENT, own_key(stage, user, at))
        for service, name in (("sts", "GetCallerIdentity"), ("ec2", "DescribeInstances")):
            stage.world.trail.call(caller, at, service, name, {} if service == "ec2" else None)
            at = later(at, 20)


def leaked_key(stage: Stage) -> None:
    """S6. The leak is noticed, the user gets a new password, and the key is forgotten."""
    user, rng = own_user(stage), stage.rng
    key_id = own_key(stage, user, stage.reset_at)
    own_life(stage, user)
    keyed = steps.key_hands(stage, user, stage.origins[0], key_id)
    if rng.random() < 0.5:  # that is how it was noticed
        at = stage.reset_at - timedelta(minutes=30 + rng.random() * 200)
        for service, name, request in steps.LOOKING[:4]:
            keyed.call(at, service, name, request, read_only=True)
            at = jitter(later(at, 2), 60, rng)
    at = reset_of_user(stage, user, stage.reset_at)
    at = play(stage, at, lambda at: steps.look_around(keyed, at, "residual"))
    at = play(
        stage, at, lambda at: role_of_ones_own(keyed, at), lambda at: machines(keyed, at), lambda at: functions(keyed, at),
        lambda at: user_of_ones_own(keyed, at), chance=0.75, is_shuffled=True,
    )  # fmt: skip
    at = play(stage, at, lambda at: steps.read_bucket(keyed, at, seed="residual"))
    play(stage, at, lambda at: empty_bucket(keyed, at), chance=0.7)


def reset_of_user(stage: Stage, user: IamUser, at: datetime) -> datetime:
    """An administrator of the platform, at the service desk's wish."""
    world, rng = stage.world, stage.rng
    admin = rng.choice(
        [person for person in world.estate.people.values() if person.job == "platform" and person is not stage.victim]
    )  # fmt: skip
    desk = office_of(stage, admin, at)
    role, began_at = world.estate.roles[user.account_id, "AdministratorAccess"], later(at, -240)
    caller, _ = aws_calls.assume_role_with_saml(
        world.trail, role, admin.upn, began_at, desk.address, admin.laptop.user_agent
    )
    caller = aws_calls.on_behalf_of(caller, world.estate, admin.login)
    refs = [iam_calls.update_login_profile(world.trail, caller, at, user, must_change=True)]
    if rng.random() < 0.4:
        refs.append(iam_calls.deactivate_mfa(world.trail, caller, later(at, 80), user))
    story = f"{user.name} gets a new console password; nobody thinks of its key."
    stage.tell("reset_of_user", f"aws-principal:{user.user_id}", desk, refs, story)
    return later(at, 80)


def role_of_ones_own(keyed: AwsHands, at: datetime) -> datetime:
    """A role as functions have it, with every right."""
    trail, rng = keyed.stage.world.trail, keyed.stage.rng
    name = f"{rng.choice(('lambda-exec', 'lambda-ex', 'batch-task'))}-{rng.randrange(100):02d}"
    document = iam_calls.trust_document({"Service": "lambda.amazonaws.com"})
    role, made = iam_calls.create_role(trail, keyed.caller, at, name, document)
    refs = [made, iam_calls.attach_role_policy(trail, keyed.caller, later(at, 30), role)]
    keyed.tell(
        "create_role",
        refs,
        f"A role {name} that may do everything.",
        f"principal:{role.arn}",
        seed="residual",
    )
    return later(at, 30)


def user_of_ones_own(keyed: AwsHands, at: datetime) -> datetime:
    user, key_id, at = steps.make_user(keyed, at, has_password=False)
    at = keyed.stage.after(at)
    return steps.look_around(steps.key_hands(keyed.stage, user, keyed.stage.origin(), key_id), at)


def machines(keyed: AwsHands, at: datetime) -> datetime:
    """Machines are not allowed: the attempts fail."""
    refs: list[EventRef] = []
    for name, request in (
        ("CreateKeyPair", {"keyName": "build", "keyType": "rsa", "keyFormat": "pem"}),
        ("CreateSecurityGroup", {"groupName": "build", "groupDescription": "build"}),
        ("RunInstances", {"instanceType": "p3.2xlarge", "instancesSet": {"items": [{"minCount": 1, "maxCount": 4}]}}),
    ):  # fmt: skip
        refs.append(
            keyed.stage.world.trail.call(
                keyed.caller, at, "ec2", name, request, None, read_only=False,
                error=("Client.UnauthorizedOperation", "You are not authorized to perform this operation."),
            )
        )  # fmt: skip
        at = jitter(later(at, 2), 40, keyed.stage.rng)
    keyed.tell("machines_refused", refs, "Machines are tried and refused.", seed="residual")
    return at


def functions(keyed: AwsHands, at: datetime) -> datetime:
    """The same function in many regions."""
    stage, refs = keyed.stage, []
    for region in stage.rng.sample(REGIONS, 3 + int(stage.rng.random() * 4)):
        name = f"health-{stage.rng.randrange(1000):03d}"
        role = f"arn:aws:iam::{keyed.caller.account_id}:role/lambda-exec"
        request = {
            "functionName": name,
            "runtime": "python3.12",
            "role": role,
            "handler": "main.handler",
            "timeout": 900,
        }
        response = {
            **request,
            "functionArn": f"arn:aws:lambda:{region}:{keyed.caller.account_id}:function:{name}",
        }
        refs.append(
            stage.world.trail.call(
                keyed.caller,
                at,
                "lambda",
                "CreateFunction20150331",
                request,
                response,
                read_only=False,
                region=region,
            )
        )
        at = jitter(later(at, 2), 30, stage.rng)
    keyed.tell("create_functions", refs, "Functions in many regions.", seed="residual")
    return at


def empty_bucket(keyed: AwsHands, at: datetime) -> datetime:
    """What was read is deleted, and a letter left."""
    stage, trail, rng = keyed.stage, keyed.stage.world.trail, keyed.stage.rng
    reader = keyed.elsewhere(keyed.origin, rng.choice(S3_TOOLS))
    bucket = stage.world.estate.bucket("customer-exports")
    refs = []
    for number in range(20 + int(rng.random() * 80)):
        key = f"{2023 + number % 3}/{number % 12 + 1:02d}/part-{number:05d}.csv.gz"
        refs += sharing_calls.delete_objects(trail, reader.caller, at, bucket, [key])
        at = jitter(later(at, 0.2), 2, rng)
    reader.tell("delete_objects", refs, f"Objects of {bucket} are deleted.", seed="residual")
    note = aws_calls.object_call(trail, reader.caller, later(at, 20), bucket, "README.txt", 1841, "PutObject")
    reader.tell("leave_letter", [note], "A letter is left.", seed="residual")
    return later(at, 20)


def old_key(stage: Stage) -> None:
    """S11. The person's password and authenticator are new; the key of their IAM user is years old, and somebody has it."""
    user, rng = own_user(stage), stage.rng
    key_id = own_key(stage, user, stage.reset_at)
    own_life(stage, user)
    at = reset_by_help_desk(stage, stage.reset_at)
    victim_goes_on(stage, later(at, 300))
    keyed = steps.key_hands(stage, user, stage.origins[0], key_id)
    at = stage.after(at)
    keyed.tell(
        "old_key_from_elsewhere", [keyed.call(at, "sts", "GetCallerIdentity", read_only=True)],
        f"{user.name}'s key asks who it is, from a host of its own.", seed="residual",
    )  # fmt: skip
    at = play(stage, at, lambda at: steps.look_around(keyed, at, "residual"), chance=0.6)
    for _ in range(1 + int(rng.random() * 2)):
        reader = keyed.elsewhere(stage.origin())
        at = play(stage, at, lambda at, reader=reader: steps.read_bucket(reader, at, seed="residual"))
    if rng.random() < 0.3:
        play(stage, at, lambda at: user_of_ones_own(keyed, at))
