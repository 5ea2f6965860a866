"""S13: snapshots, images, databases and buckets given to another account, copied there, and taken back so that nothing shows."""

from collections.abc import Callable
from datetime import datetime, timedelta

from pipeline.simulate import aws_calls, identifiers, sharing_calls
from pipeline.simulate.campaign import attack_aws_steps as steps
from pipeline.simulate.campaign.attack_aws_steps import AwsHands
from pipeline.simulate.campaign.attack_parts import hands, play
from pipeline.simulate.campaign.attack_resets import take_over, victim_goes_on
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.times import jitter, later


def shared_snapshots(stage: Stage) -> None:
    """S13. One to all of the ways, in any order."""
    session = hands(stage)
    at = take_over(session, stage.reset_at)
    victim_goes_on(stage, later(stage.reset_at, 120))
    account = stage.rng.choice((stage.world.estate.platform_account, stage.world.estate.data_account))
    enter = steps.open_console if stage.rng.random() < 0.4 else steps.take_keys
    entrant, at = enter(session, stage.after(at), account)
    foreign = foreign_account(stage)
    at = play(stage, at, lambda at: steps.look_around(entrant, at), chance=0.7)
    ways: list[Callable[[AwsHands, datetime, str], datetime]] = [
        snapshot_way, image_way, database_way, bucket_way, replication_way,
    ]  # fmt: skip
    chosen = stage.rng.sample(ways, 1 + int(stage.rng.random() * 3))
    if snapshot_way not in chosen and stage.rng.random() < 0.6:
        chosen.append(snapshot_way)
    play(stage, at, *((lambda at, way=way: way(entrant, at, foreign)) for way in chosen))


def foreign_account(stage: Stage) -> str:
    return f"{stage.rng.randrange(10**11, 10**12)}"


def snapshot_way(entrant: AwsHands, at: datetime, foreign: str) -> datetime:
    stage, trail, caller = entrant.stage, entrant.stage.world.trail, entrant.caller
    thing_id = f"aws-account:{foreign}"
    volume = identifiers.aws_resource_id("vol", stage.rng)
    snapshot, made = aws_calls.create_snapshot(trail, caller, at, volume, "before maintenance")
    entrant.tell("create_snapshot", [made], f"A snapshot of {volume}.")
    at = stage.after(at, 90)
    ref = aws_calls.share_snapshot(trail, caller, at, snapshot, foreign)
    entrant.tell("share_snapshot", [ref], "It is shared with another account.", thing_id)
    at = stage.after(at, 60, timedelta(hours=2))
    ref = sharing_calls.foreign_copy(trail, at, caller.account_id, foreign, snapshot)
    entrant.tell("foreign_copy", [ref], "The other account copies it.", thing_id)
    at = stage.after(at, 60)
    if stage.rng.random() < 0.7:
        ref = sharing_calls.unshare_snapshot(trail, caller, at, snapshot, foreign)
        entrant.tell("unshare_snapshot", [ref], "The share is taken back.")
    return at


def image_way(entrant: AwsHands, at: datetime, foreign: str) -> datetime:
    stage, trail, caller = entrant.stage, entrant.stage.world.trail, entrant.caller
    instance = identifiers.aws_resource_id("i", stage.rng)
    image, made = sharing_calls.create_image(trail, caller, at, instance, f"orders-{at:%Y%m%d}")
    entrant.tell("create_image", [made], f"An image of {instance}.")
    at = stage.after(at, 120)
    ref = sharing_calls.share_image(trail, caller, at, image, foreign)
    entrant.tell("share_image", [ref], "It is shared with another account.", f"aws-account:{foreign}")
    if stage.rng.random() < 0.5:
        at = stage.after(at, 120)
        ref = sharing_calls.share_image(trail, caller, at, image, foreign, "remove")
        entrant.tell("unshare_image", [ref], "The share is taken back.")
    return at


def database_way(entrant: AwsHands, at: datetime, foreign: str) -> datetime:
    stage, trail, caller = entrant.stage, entrant.stage.world.trail, entrant.caller
    snapshot = f"orders-{at:%Y-%m-%d}-{stage.rng.randrange(100):02d}"
    entrant.tell(
        "snapshot_database",
        [sharing_calls.snapshot_database(trail, caller, at, "orders", snapshot)],
        "A database snapshot.",
    )
    at = stage.after(at, 300)
    ref = sharing_calls.share_database(trail, caller, at, snapshot, foreign)
    entrant.tell("share_database", [ref], "It is shared with another account.", f"aws-account:{foreign}")
    if stage.rng.random() < 0.5:
        at = stage.after(at, 120)
        ref = sharing_calls.share_database(trail, caller, at, snapshot, foreign, "Remove")
        entrant.tell("unshare_database", [ref], "The share is taken back.")
    return at


def bucket_way(entrant: AwsHands, at: datetime, foreign: str) -> datetime:
    """The policy lets the account in; it then reads with principals of its own."""
    stage, trail, caller = entrant.stage, entrant.stage.world.trail, entrant.caller
    bucket, rng = stage.world.estate.bucket("reports"), stage.rng
    ref = sharing_calls.share_bucket(trail, caller, at, bucket, foreign)
    entrant.tell("share_bucket", [ref], f"Another account may read {bucket}.", f"aws-account:{foreign}")
    at, origin = stage.after(at, 120), stage.origins[-1]
    principal_id, refs = identifiers.principal_id("AIDA", rng), []
    for number in range(10 + int(rng.random() * 40)):
        at = jitter(later(at, 0.5), 8, rng)
        refs.append(
            sharing_calls.foreign_read(
                trail, at, caller.account_id, foreign, principal_id, origin.address, "rclone/v1.70.3", bucket,
                f"monthly/report-{number:03d}.xlsx", int(1e5 + rng.random() * 4e6),
            )
        )  # fmt: skip
    stage.tell("foreign_read", f"aws-account:{foreign}", origin, refs, f"The other account reads {bucket}.")
    return at


def replication_way(entrant: AwsHands, at: datetime, foreign: str) -> datetime:
    trail, bucket = entrant.stage.world.trail, entrant.stage.world.estate.bucket("backups")
    destination = f"{entrant.stage.world.estate.name}-backups-replica"
    ref = sharing_calls.replicate_bucket(trail, entrant.caller, at, bucket, destination, foreign)
    entrant.tell(
        "replicate_bucket",
        [ref],
        f"{bucket} is replicated to a bucket of another account.",
        f"aws-account:{foreign}",
    )
    return at
