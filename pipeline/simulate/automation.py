"""What runs without people, day and night: CI, the nightly ETL, backups, secrets read on schedule, the blob pipeline.

It is the benign twin of the attack: bulk reads, cross-account roles, snapshots that are shared, keys that are listed.
"""

from datetime import datetime, timedelta
from random import Random

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.azure_resources import principal_caller
from pipeline.simulate.cloudtrail import CLI_AGENT, SDK_AGENT, AwsCaller, from_address, user_caller
from pipeline.simulate.entra_signins import SignIn
from pipeline.simulate.estate import (
    MANAGEMENT,
    STORAGE_SERVICE,
    VAULT_SERVICE,
    App,
    ServicePrincipal,
)
from pipeline.simulate.times import is_weekend, jitter
from pipeline.simulate.world import World

AZURE_AGENT = "azsdk-python-keyvault-secrets/4.10.0 Python/3.12.11 (Linux)"
BLOB_AGENT = "azsdk-python-storage-blob/12.26.0 Python/3.12.11 (Linux)"
BACKFILL_NIGHT = "2026-02-28"
DEPLOY_ADDRESSES = (11, 12, 13)


def run(world: World, first_day: datetime, day_count: int) -> None:
    for number in range(day_count):
        day = first_day + timedelta(days=number)
        rng = world.stream(f"automation/{day:%Y-%m-%d}")
        nightly_etl(world, day + timedelta(hours=1, minutes=30), rng)
        backups(world, day + timedelta(hours=3, minutes=10), rng)
        build(world, day, rng)
        deploy(world, day, rng)
        export_reports(world, day + timedelta(hours=5), rng)
        serve_orders(world, day, rng)
        read_secrets(world, day, rng)
        move_blobs(world, day + timedelta(minutes=40), rng)


def nightly_etl(world: World, at: datetime, rng: Random) -> None:
    """Bulk reads by design: the same role, the same network, every night; once a backfill five times as large."""
    role = world.estate.roles[world.estate.data_account, "nightly-etl"]
    instance = identifiers.aws_resource_id("i", world.stream("etl instance"))
    caller, _ = aws_calls.assume_role_for_service(world.trail, "ec2.amazonaws.com", role, instance, at)
    caller = from_address(caller, world.estate.places.aws.address(41), SDK_AGENT)
    at += timedelta(seconds=30)
    night = f"{at:%Y/%m/%d}"
    aws_calls.list_buckets(world.trail, caller, at)
    for number in range(230 if f"{at:%Y-%m-%d}" == BACKFILL_NIGHT else 48):
        key = f"raw/orders/{night}/{number:05d}.json.gz"
        at = jitter(at + timedelta(seconds=1), 10, rng)
        size = int(8_000_000 + rng.random() * 24_000_000)
        aws_calls.object_call(world.trail, caller, at, world.estate.bucket("data-lake"), key, size)
    for number in range(4):
        key = f"curated/sales/{night}/part-{number:05d}.parquet"
        at = jitter(at + timedelta(seconds=3), 20, rng)
        aws_calls.object_call(
            world.trail,
            caller,
            at,
            world.estate.bucket("data-lake"),
            key,
            int(4e6 + rng.random() * 3e6),
            "PutObject",
        )


def backups(world: World, at: datetime, rng: Random) -> None:
    volumes = world.stream("volumes")
    for account_id in (world.estate.platform_account, world.estate.data_account):
        role = world.estate.roles[account_id, "AWSBackupDefaultServiceRole"]
        caller, _ = aws_calls.assume_role_for_service(
            world.trail, "backup.amazonaws.com", role, "AWSBackup-Default", at
        )
        caller = AwsCaller(
            account_id,
            caller.identity,
            caller.source_ip,
            caller.user_agent,
            invoked_by="backup.amazonaws.com",
        )
        for _ in range(2):
            at = jitter(at + timedelta(seconds=5), 60, rng)
            volume_id = identifiers.aws_resource_id("vol", volumes)
            snapshot_id, _ = aws_calls.create_snapshot(
                world.trail, caller, at, volume_id, "Created by AWS Backup"
            )
        if (
            at.weekday() == 6 and account_id == world.estate.platform_account
        ):  # a weekly copy goes to the other account of the organisation
            at = jitter(at + timedelta(seconds=30), 60, rng)
            aws_calls.share_snapshot(world.trail, caller, at, snapshot_id, world.estate.data_account)


def busy_hours(day: datetime, chance: float, rng: Random) -> list[datetime]:
    chance = chance * 0.2 if is_weekend(day) else chance
    return [jitter(day + timedelta(hours=hour), 3600, rng) for hour in range(6, 19) if rng.random() < chance]


def build(world: World, day: datetime, rng: Random) -> None:
    """CI builds: a web identity of the repository takes a role for each run."""
    role = world.estate.roles[world.estate.platform_account, "ci-build"]
    for at in busy_hours(day, 0.6, rng):
        source_ip = world.estate.places.ci.address(20 + int(rng.random() * 60))
        subject = f"repo:{world.estate.name}/orders:ref:refs/heads/main"
        run_name = f"ci-run-{int(rng.random() * 10**9)}"
        caller, _ = aws_calls.assume_role_with_web_identity(
            world.trail, role, subject, run_name, at, source_ip, SDK_AGENT
        )
        at = jitter(at + timedelta(seconds=3), 30, rng)
        world.trail.call(caller, at, "ecr", "GetAuthorizationToken", {})
        image = {"repositoryName": "orders", "imageTag": run_name}
        world.trail.call(caller, jitter(at, 120, rng), "ecr", "PutImage", image, read_only=False)
        key = f"builds/{run_name}.tar.gz"
        aws_calls.object_call(
            world.trail,
            caller,
            jitter(at, 200, rng),
            world.estate.bucket("artifacts"),
            key,
            9_400_000,
            "PutObject",
        )


def deploy(world: World, day: datetime, rng: Random) -> None:
    """deploy-bot's long-lived key, only ever used from the CI runners: it takes a role in the data account."""
    role = world.estate.roles[world.estate.data_account, "data-deploy"]
    for at in busy_hours(day, 0.3, rng):
        source_ip = world.estate.places.ci.address(DEPLOY_ADDRESSES[int(rng.random() * 3)])
        caller = user_caller(world.estate.users["deploy-bot"], source_ip, CLI_AGENT)
        world.trail.call(caller, at, "sts", "GetCallerIdentity")
        release = f"release-{at:%Y%m%d%H%M}"
        at = jitter(at + timedelta(seconds=2), 10, rng)
        deployer, _ = aws_calls.assume_role(world.trail, caller, role, release, at)
        at = jitter(at + timedelta(seconds=2), 20, rng)
        world.trail.call(deployer, at, "glue", "UpdateJob", {"jobName": "nightly-etl"}, read_only=False)
        key = f"jobs/{release}/etl.zip"
        aws_calls.object_call(
            world.trail,
            deployer,
            jitter(at, 30, rng),
            world.estate.bucket("data-lake"),
            key,
            2_100_000,
            "PutObject",
        )


def export_reports(world: World, at: datetime, rng: Random) -> None:
    caller = user_caller(world.estate.users["reports-export"], world.estate.places.aws.address(52), SDK_AGENT)
    for number in range(3):
        at = jitter(at + timedelta(seconds=5), 60, rng)
        key = f"weekly/{at:%Y-%m-%d}/report-{number}.csv"
        aws_calls.object_call(
            world.trail, caller, at, world.estate.bucket("reports"), key, int(4e5 + rng.random() * 9e5)
        )


def serve_orders(world: World, day: datetime, rng: Random) -> None:
    role = world.estate.roles[world.estate.platform_account, "orders-service"]
    for hour in range(0, 24, 4):
        at = jitter(day + timedelta(hours=hour), 900, rng)
        caller, _ = aws_calls.assume_role_for_service(world.trail, "lambda.amazonaws.com", role, "orders", at)
        caller = from_address(caller, world.estate.places.aws.address(60 + int(rng.random() * 8)), SDK_AGENT)
        for name in ("DescribeTable", "DescribeContinuousBackups"):
            at = jitter(at + timedelta(seconds=1), 30, rng)
            world.trail.call(caller, at, "dynamodb", name, {"tableName": "orders"})


def read_secrets(world: World, day: datetime, rng: Random) -> None:
    """Two automations read their secrets on schedule, from Azure, each with its own known secret."""
    for name, hours, secrets in (
        ("svc-deploy-automation", range(0, 24, 3), ("aws-deploy-access-key", "webhook-signing-key")),
        ("svc-reporting", range(5, 21, 3), ("sql-reporting-password",)),
    ):
        principal = world.estate.principals[name]
        for hour in hours:
            at = jitter(day + timedelta(hours=hour, minutes=5), 240, rng)
            source_ip = world.estate.places.azure.address(14 if name == "svc-reporting" else 15)
            caller = principal_caller(principal, source_ip, sign_in(world, principal, at, source_ip).token_id)
            for secret in secrets:
                at = jitter(at + timedelta(seconds=1), 8, rng)
                world.resources.secret(caller, at, "SecretGet", secret, AZURE_AGENT)


def sign_in(
    world: World, principal: ServicePrincipal, at: datetime, source_ip: str, resource: App = VAULT_SERVICE
) -> SignIn:
    return world.signins.service_principal(
        principal,
        at,
        world.estate.places.azure,
        source_ip,
        resource,
        world.credential(principal, at),
        "python-requests/2.32.4",
    )


def move_blobs(world: World, at: datetime, rng: Random) -> None:
    """The blob pipeline lists the account's keys and reads with them at night, and with its own token by day."""
    principal = world.estate.principals["svc-blob-pipeline"]
    source_ip = world.estate.places.azure.address(16)
    caller = principal_caller(
        principal, source_ip, sign_in(world, principal, at, source_ip, MANAGEMENT).token_id
    )
    world.resources.list_keys(caller, at + timedelta(seconds=4))
    night = f"{at:%Y/%m/%d}"
    for number in range(16):
        at = jitter(at + timedelta(seconds=5), 40, rng)
        operation = "GetBlob" if number % 4 else "PutBlob"
        path = f"ingest/orders/{night}/{number:04d}.avro"
        world.resources.blob(at, operation, path, source_ip, int(1e6 + rng.random() * 9e6), BLOB_AGENT)
    at += timedelta(hours=9)
    caller = principal_caller(
        principal, source_ip, sign_in(world, principal, at, source_ip, STORAGE_SERVICE).token_id
    )
    for number in range(8):
        at = jitter(at + timedelta(seconds=5), 40, rng)
        path = f"curated/reports/{night}/{number:02d}.parquet"
        world.resources.blob(
            at, "GetBlob", path, source_ip, int(2e5 + rng.random() * 9e5), BLOB_AGENT, oauth=caller
        )
