"""The half of the attack that happens in AWS: from the deploy key that lay in the vault to the data of another account."""

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.cloudtrail import AwsCaller, from_address, user_caller
from pipeline.simulate.estate import DATA_ACCOUNT, FOREIGN_ACCOUNT
from pipeline.simulate.networks import ATTACKER_DESK, ATTACKER_ELSEWHERE, Origin
from pipeline.simulate.times import jitter, later, moment
from pipeline.simulate.world import World

TERMINAL = Origin(ATTACKER_DESK, 91)
ELSEWHERE = Origin(ATTACKER_ELSEWHERE, 77)
KALI_AGENT = "aws-cli/2.23.6 md/awscrt#0.23.4 ua/2.0 os/linux#6.11.2-amd64 md/arch#x86_64 lang/python#3.12.7 md/distrib#kali.2025"
BROWSER_AGENT = "S3 Browser/12.2.9 (https://s3browser.com)"
OBJECT_COUNT = 420


def run(world: World) -> None:
    caller = deploy_key_from_the_attackers_network(world)
    deployer = role_in_the_data_account(world, caller)
    bulk_read(world, deployer)
    snapshot_to_a_foreign_account(world, deployer)
    new_key_used_from_elsewhere(world, caller)


def deploy_key_from_the_attackers_network(world: World) -> AwsCaller:
    """09:52 The key that only CI ever used asks who it is, from the attacker's desk, and looks around."""
    user = world.estate.users["deploy-bot"]
    caller = user_caller(user, TERMINAL.address, KALI_AGENT)
    denied = ("AccessDenied", f"User: {user.arn} is not authorized to perform: iam:ListRoles on resource: *")
    request = {"userName": user.name}
    call = world.trail.call
    events = [
        call(caller, moment("2026-03-02 09:52:31"), "sts", "GetCallerIdentity"),
        call(caller, moment("2026-03-02 09:53:04"), "iam", "ListAttachedUserPolicies", request),
        call(caller, moment("2026-03-02 09:53:29"), "iam", "ListUserPolicies", request),
        call(caller, moment("2026-03-02 09:54:50"), "iam", "ListRoles", {}, error=denied),
        call(caller, moment("2026-03-02 09:56:12"), "iam", "ListUsers", {"maxItems": 100}),
    ]
    story = "deploy-bot's key, until now used from CI only, is used from the attacker's network: GetCallerIdentity first."
    world.logbook.step("aws_key_from_new_network", f"aws-key:{user.access_key_id}", TERMINAL, events, story)
    return caller


def role_in_the_data_account(world: World, caller: AwsCaller) -> AwsCaller:
    """10:03 From the platform account into the data account: both sides log the call."""
    role = world.estate.roles[DATA_ACCOUNT, "data-deploy"]
    at = moment("2026-03-02 10:03:10")
    deployer, events = aws_calls.assume_role(world.trail, caller, role, "deploy-bot", at, seconds=7200)
    story = "deploy-bot takes the role data-deploy in the data account; two records share one sharedEventID."
    world.logbook.step("assume_role_across_accounts", f"aws-key:{deployer.key_id}", TERMINAL, events, story)
    return deployer


def bulk_read(world: World, deployer: AwsCaller) -> None:
    """10:04-10:50 Buckets are listed, then the customer exports are read, object by object."""
    rng = world.stream("attack bulk read")
    thing_id = f"aws-key:{deployer.key_id}"
    events = [
        world.trail.call(deployer, moment("2026-03-02 10:04:02"), "sts", "GetCallerIdentity"),
        aws_calls.list_buckets(world.trail, deployer, moment("2026-03-02 10:06:20")),
    ]
    world.logbook.step("list_buckets", thing_id, TERMINAL, events, "The role session looks around.")
    reader = from_address(deployer, TERMINAL.address, BROWSER_AGENT)
    at = moment("2026-03-02 10:08:00")
    reads = []
    for number in range(OBJECT_COUNT):
        at = jitter(later(at, 1), 10, rng)
        key = f"customers/full/2026-02-28/export-{number:05d}.parquet"
        size = int(9_000_000 + rng.random() * 14_000_000)
        reads.append(aws_calls.object_call(world.trail, reader, at, "example-customer-exports", key, size))
    story = f"{OBJECT_COUNT} objects, several gigabytes, leave example-customer-exports."
    world.logbook.step("bulk_read_objects", thing_id, TERMINAL, reads, story)


def snapshot_to_a_foreign_account(world: World, deployer: AwsCaller) -> None:
    """11:05 A snapshot of a data volume is made and shared with an account outside the organisation."""
    volume_id = identifiers.aws_resource_id("vol", world.stream("attack volume"))
    request = {"volumeSet": {}, "filterSet": {}}
    world.trail.call(deployer, moment("2026-03-02 11:02:48"), "ec2", "DescribeVolumes", request)
    at = moment("2026-03-02 11:05:33")
    snapshot_id, made = aws_calls.create_snapshot(world.trail, deployer, at, volume_id, "migration")
    at = moment("2026-03-02 11:12:09")
    shared = aws_calls.share_snapshot(world.trail, deployer, at, snapshot_id, FOREIGN_ACCOUNT)
    story = f"Snapshot {snapshot_id} of a data volume is shared with the foreign account {FOREIGN_ACCOUNT}."
    world.logbook.step("share_snapshot", f"aws-account:{FOREIGN_ACCOUNT}", TERMINAL, [made, shared], story)


def new_key_used_from_elsewhere(world: World, caller: AwsCaller) -> None:
    """11:20 A second way in: a new key for another IAM user, used an hour later, and the next night, from elsewhere."""
    rng = world.stream("attack new key")
    user = world.estate.users["reports-export"]
    key_id, made = aws_calls.create_access_key(world.trail, caller, moment("2026-03-02 11:20:41"), user)
    story = "A second access key is made for the IAM user reports-export."
    world.logbook.step("create_access_key", f"aws-key:{key_id}", TERMINAL, [made], story)
    other = user_caller(user, ELSEWHERE.address, BROWSER_AGENT, key_id)
    events = [
        world.trail.call(other, moment("2026-03-02 12:40:06"), "sts", "GetCallerIdentity"),
        aws_calls.list_buckets(world.trail, other, moment("2026-03-02 12:40:51")),
    ]
    for begins_at in ("2026-03-02 12:43:00", "2026-03-03 03:15:00"):
        at = moment(begins_at)
        for number in range(12):
            at = jitter(later(at, 2), 15, rng)
            key = f"weekly/2026-02-{15 + number}/report-0.csv"
            size = int(4e5 + rng.random() * 9e5)
            events.append(aws_calls.object_call(world.trail, other, at, "example-reports", key, size))
    story = "The new key reads reports from yet another network, that day and the next night."
    world.logbook.step("new_key_from_elsewhere", f"aws-key:{key_id}", ELSEWHERE, events, story)
