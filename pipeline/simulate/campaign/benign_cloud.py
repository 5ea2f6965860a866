"""Ordinary work in AWS: keys rotated, trust edited by infrastructure code, snapshots copied, whole buckets read, old tools."""

import json
from datetime import datetime, timedelta

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.campaign.acting import Acting
from pipeline.simulate.cloudtrail import CLI_AGENT, SDK_AGENT, AwsCaller, user_caller
from pipeline.simulate.estate import IamUser
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.times import jitter, later, seconds_text, sts_expiration_text

LEGACY_AGENT = "aws-sdk-java/1.11.106 Linux/4.14.355 OpenJDK_64-Bit_Server_VM/25.442 reporting-suite/4.2"
READ_CALLS = (
    ("s3", "ListBuckets", {}),
    ("ec2", "DescribeInstances", {"filterSet": {}, "instancesSet": {}}),
    ("cloudformation", "DescribeStacks", {}),
    ("ecr", "DescribeRepositories", {"maxResults": 100}),
)


def key_status(
    acting: Acting, caller: AwsCaller, at: datetime, user: IamUser, key_id: str, status: str
) -> EventRef:
    request = {"userName": user.name, "accessKeyId": key_id, "status": status}
    return acting.world.trail.call(caller, at, "iam", "UpdateAccessKey", request, read_only=False)


def rotate_own_machines_key(acting: Acting, at: datetime) -> None:
    """A new key for the person's batch user; the job takes it, the old one is switched off, and days later deleted."""
    world, rng = acting.world, acting.rng
    user = world.estate.users[f"own/{acting.person.login}"]
    caller = acting.aws(at, world.estate.platform_account, CLI_AGENT if rng.random() < 0.5 else None)
    key_id, _ = aws_calls.create_access_key(world.trail, caller, later(at, 90), user)
    used_at = jitter(later(at, 600), 6 * 3600, rng)
    old_keys = world.rotations.setdefault(f"user/{user.name}", [])
    old_key_id = old_keys[-1][1] if old_keys else user.access_key_id or key_id
    old_keys.append((used_at, key_id))
    machine = world.estate.places.ci if rng.random() < 0.5 else world.estate.places.aws
    job = user_caller(user, machine.address(30 + rng.randrange(9)), SDK_AGENT, key_id)
    for number in range(3):
        work_off(acting, job, jitter(used_at + timedelta(hours=9 * number), 3600, rng))
    off_at = jitter(later(used_at, 900), 5 * 3600, rng)
    admin = acting.aws(off_at, world.estate.platform_account, CLI_AGENT)
    key_status(acting, admin, later(off_at, 60), user, old_key_id, "Inactive")
    if rng.random() < 0.6:
        gone_at = jitter(off_at + timedelta(days=1), 2 * 86400, rng)
        request = {"userName": user.name, "accessKeyId": old_key_id}
        admin = acting.aws(gone_at, world.estate.platform_account, CLI_AGENT)
        world.trail.call(admin, later(gone_at, 60), "iam", "DeleteAccessKey", request, read_only=False)


def rotate_own_key(acting: Acting, at: datetime) -> None:
    """The person's own IAM user, by its own key: make the new one, try it, switch the old one off."""
    world, rng, user = acting.world, acting.rng, acting.own_user
    caller = acting.own_key(at)
    world.trail.call(caller, at, "sts", "GetCallerIdentity")
    key_id, _ = aws_calls.create_access_key(world.trail, caller, later(at, 20), user)
    fresh = user_caller(user, caller.source_ip, CLI_AGENT, key_id)
    at = jitter(later(at, 60), 600, rng)
    world.trail.call(fresh, at, "sts", "GetCallerIdentity")
    key_status(acting, fresh, later(at, 30), user, caller.key_id, "Inactive")
    world.rotations.setdefault(f"user/{user.name}", []).append((at, key_id))
    for service, name, request in READ_CALLS[1:]:
        at = jitter(later(at, 60), 4000, rng)
        world.trail.call(fresh, at, service, name, request)


def work_off(acting: Acting, caller: AwsCaller, at: datetime) -> None:
    """What a job does at each run."""
    trail = acting.world.trail
    trail.call(caller, at, "sts", "GetCallerIdentity")
    for number in range(2):
        key = f"batch/{at:%Y/%m/%d}/{number:02d}.json"
        size = 20_000 + acting.rng.randrange(900_000)
        at = jitter(later(at, 2), 30, acting.rng)
        aws_calls.object_call(trail, caller, at, acting.world.estate.bucket("data-lake"), key, size)


def edit_trust(acting: Acting, at: datetime) -> None:
    """Infrastructure code applies a change: the data account of the same organisation may assume the build role."""
    world = acting.world
    estate = world.estate
    caller = acting.terraform(at, estate.platform_account)
    role = estate.roles[estate.platform_account, "ci-build"]
    principals = {"AWS": f"arn:aws:iam::{estate.data_account}:root", "Service": "ecs-tasks.amazonaws.com"}
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}],
    }
    for number, (name, request, is_read) in enumerate((
        ("GetRole", {"roleName": role.name}, True),
        ("UpdateAssumeRolePolicy", {"roleName": role.name, "policyDocument": json.dumps(document)}, False),
        ("ListAttachedRolePolicies", {"roleName": role.name}, True),
        ("TagRole", {"roleName": role.name, "tags": [{"key": "managed-by", "value": "terraform"}]}, False),
    )):  # fmt: skip
        world.trail.call(caller, later(at, 30 + 2 * number), "iam", name, request, read_only=is_read)


def set_up_service(acting: Acting, at: datetime) -> None:
    """Infrastructure code again: a user and a key for a new service, and its role."""
    world, rng = acting.world, acting.rng
    estate = world.estate
    caller = acting.terraform(at, estate.platform_account)
    name = f"svc-{rng.choice(('mailer', 'thumbnails', 'invoices', 'geocoder'))}-{rng.randrange(100)}"
    user = IamUser(estate.platform_account, name, identifiers.principal_id("AIDA", rng), None)
    response = {"user": {"userName": name, "userId": user.user_id, "arn": user.arn, "path": "/", "createDate": sts_expiration_text(at)}}  # fmt: skip
    world.trail.call(
        caller, later(at, 20), "iam", "CreateUser", {"userName": name}, response, read_only=False
    )
    policy = {"userName": name, "policyArn": "arn:aws:iam::aws:policy/AmazonSESFullAccess"}
    world.trail.call(caller, later(at, 23), "iam", "AttachUserPolicy", policy, read_only=False)
    key_id, _ = aws_calls.create_access_key(world.trail, caller, later(at, 26), user)
    machine = user_caller(user, estate.places.aws.address(90 + rng.randrange(9)), SDK_AGENT, key_id)
    for number in range(4):
        used_at = jitter(later(at, 1800 + 20_000 * number), 9000, rng)
        world.trail.call(machine, used_at, "ses", "GetSendQuota", None)


def copy_snapshot_to_backup(acting: Acting, at: datetime) -> None:
    """Before a migration: a snapshot, shared with the organisation's other account."""
    world, rng = acting.world, acting.rng
    estate = world.estate
    caller = acting.command_line(at, estate.platform_account)
    volume_id = identifiers.aws_resource_id("vol", rng)
    at = later(at, 90)
    world.trail.call(caller, at, "ec2", "DescribeVolumes", {"volumeSet": {}, "filterSet": {}})
    snapshot_id, _ = aws_calls.create_snapshot(
        world.trail, caller, later(at, 40), volume_id, "before migration"
    )
    shared_at = jitter(later(at, 400), 3600, rng)
    aws_calls.share_snapshot(world.trail, caller, shared_at, snapshot_id, estate.data_account)


def read_whole_bucket(acting: Acting, at: datetime) -> None:
    """An analysis over a year of data, with the person's role: every object once."""
    world, rng = acting.world, acting.rng
    caller = acting.command_line(at, world.estate.data_account)
    at = later(at, 60)
    aws_calls.list_buckets(world.trail, caller, at)
    for number in range(150 + rng.randrange(250)):
        at = jitter(later(at, 0.5), 8, rng)
        key = f"curated/sales/{at:%Y}/part-{number:05d}.parquet"
        size = 900_000 + rng.randrange(9_000_000)
        aws_calls.object_call(world.trail, caller, at, world.estate.bucket("data-lake"), key, size)


def run_legacy_tool(acting: Acting, at: datetime) -> None:
    """An old reporting suite cuts a federated session from the person's own key, every time it starts."""
    world, rng, user = acting.world, acting.rng, acting.own_user
    at = at.replace(microsecond=0)
    caller = acting.own_key(at, LEGACY_AGENT)
    key_id = identifiers.access_key_id("ASIA", user.account_id, rng)
    name = "reporting-suite"
    arn = f"arn:aws:sts::{user.account_id}:federated-user/{name}"
    read_only = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
    }
    response = {
        "credentials": {
            "accessKeyId": key_id,
            "sessionToken": identifiers.session_token(rng),
            "expiration": sts_expiration_text(at + timedelta(hours=12)),
        },
        "federatedUser": {"federatedUserId": f"{user.account_id}:{name}", "arn": arn},
        "packedPolicySize": 3,
    }
    request = {"name": name, "policy": json.dumps(read_only), "durationSeconds": 43200}
    world.trail.call(caller, at, "sts", "GetFederationToken", request, response, read_only=False)
    identity = {
        "type": "FederatedUser",
        "principalId": f"{user.account_id}:{name}",
        "arn": arn,
        "accountId": user.account_id,
        "accessKeyId": key_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "IAMUser",
                "principalId": user.user_id,
                "arn": user.arn,
                "accountId": user.account_id,
                "userName": user.name,
            },
            "attributes": {"creationDate": seconds_text(at), "mfaAuthenticated": "false"},
        },
    }
    tool = AwsCaller(user.account_id, identity, caller.source_ip, LEGACY_AGENT)
    for number in range(5):
        at = jitter(later(at, 5), 120, rng)
        key = f"weekly/{at:%Y-%m-%d}/report-{number}.csv"
        aws_calls.object_call(
            world.trail, tool, at, world.estate.bucket("reports"), key, 90_000 + rng.randrange(400_000)
        )


def work_in_shell(acting: Acting, at: datetime) -> None:
    """CloudShell in the console, a secret looked up, parameters listed."""
    world = acting.world
    caller = acting.aws(at, world.estate.platform_account)
    environment = {"EnvironmentId": identifiers.guid(acting.rng)}
    for number, (service, name, request, is_read) in enumerate((
        ("cloudshell", "CreateEnvironment", {}, False),
        ("cloudshell", "CreateSession", environment, False),
        ("secretsmanager", "ListSecrets", {}, True),
        ("secretsmanager", "GetSecretValue", {"secretId": "orders/database"}, True),
        ("ssm", "DescribeParameters", {"maxResults": 50}, True),
    )):  # fmt: skip
        world.trail.call(caller, later(at, 60 + 45 * number), service, name, request, read_only=is_read)


def drill_break_glass(acting: Acting, at: datetime) -> None:
    """The emergency role is taken once a quarter, to see that it can be: two calls, and no more."""
    world = acting.world
    estate = world.estate
    caller = acting.command_line(at, estate.platform_account)
    role = estate.roles[estate.data_account, "break-glass"]
    emergency, _ = aws_calls.assume_role(world.trail, caller, role, acting.person.upn, later(at, 120))
    world.trail.call(emergency, later(at, 130), "sts", "GetCallerIdentity")
    world.trail.call(emergency, later(at, 160), "iam", "ListAccountAliases", {})
