"""What people do in AWS: an Identity Center role session named by their e-mail address, then the calls of their job."""

from datetime import datetime, timedelta
from random import Random

from pipeline.simulate import aws_calls
from pipeline.simulate.cloudtrail import CLI_AGENT, TERRAFORM_AGENT, AwsCaller, user_caller
from pipeline.simulate.estate import IamUser
from pipeline.simulate.logbook import Record
from pipeline.simulate.people import Person
from pipeline.simulate.times import jitter
from pipeline.simulate.world import World

Call = tuple[str, str, Record | None, bool]

PLATFORM_CALLS: tuple[Call, ...] = (
    ("ec2", "DescribeInstances", {"filterSet": {}, "instancesSet": {}, "maxResults": 100}, True),
    (
        "ec2",
        "DescribeSecurityGroups",
        {"securityGroupSet": {}, "filterSet": {}, "securityGroupIdSet": {}},
        True,
    ),
    ("cloudformation", "DescribeStacks", {"stackName": "network-base"}, True),
    ("monitoring", "DescribeAlarms", {"maxRecords": 100}, True),
    ("iam", "ListRoles", {"maxItems": 100}, True),
    ("iam", "GetRole", {"roleName": "orders-service"}, True),
    ("ecs", "UpdateService", {"cluster": "prod", "service": "orders", "desiredCount": 3}, False),
    ("ssm", "GetParameter", {"name": "/orders/feature-flags", "withDecryption": False}, True),
)
DEVELOPER_CALLS: tuple[Call, ...] = (
    ("lambda", "ListFunctions20150331", {"maxItems": 50}, True),
    ("logs", "DescribeLogGroups", {"limit": 50}, True),
    ("logs", "FilterLogEvents", {"logGroupName": "/aws/lambda/orders", "limit": 100}, True),
    ("ecs", "DescribeServices", {"cluster": "prod", "services": ["orders"]}, True),
    ("dynamodb", "DescribeTable", {"tableName": "orders"}, True),
    (
        "lambda",
        "UpdateFunctionCode20150331v2",
        {"functionName": "orders-export", "publish": True, "dryRun": False},
        False,
    ),
)
DATA_CALLS: tuple[Call, ...] = (
    ("glue", "GetTables", {"databaseName": "sales"}, True),
    (
        "athena",
        "StartQueryExecution",
        {"queryString": "HIDDEN_DUE_TO_SECURITY_REASONS", "workGroup": "primary"},
        False,
    ),
    ("athena", "GetQueryExecution", {"queryExecutionId": "0d4ac1a2-7a61-4c2f-9a1e-3a6cf0c2b7d1"}, True),
    ("glue", "GetJobRuns", {"jobName": "nightly-etl"}, True),
)


def session(world: World, person: Person, at: datetime, source_ip: str, rng: Random) -> None:
    if ":" in source_ip:  # these endpoints are reached over IPv4
        source_ip = person.home.address(person.home_host)
    account_id = world.estate.data_account if person.job == "data" else world.estate.platform_account
    is_console = person.job == "platform" and rng.random() < 0.5
    agent = person.laptop.user_agent if is_console else CLI_AGENT
    role = world.estate.person_role(person, account_id)
    caller, _ = aws_calls.assume_role_with_saml(world.trail, role, person.upn, at, source_ip, agent)
    caller = aws_calls.on_behalf_of(caller, world.estate, person.login)
    if is_console:
        caller = AwsCaller(caller.account_id, caller.identity, source_ip, agent, is_console=True)
    at = jitter(at + timedelta(seconds=20), 60, rng)
    if person.job == "data":
        analyse(world, caller, at, rng)
    else:
        call_some(world, caller, PLATFORM_CALLS if person.job == "platform" else DEVELOPER_CALLS, at, rng)
    own_user = world.estate.own_users.get(person.login)
    if own_user and rng.random() < 0.4:
        use_own_key(world, own_user, at, source_ip, rng)


def call_some(
    world: World, caller: AwsCaller, calls: tuple[Call, ...], at: datetime, rng: Random
) -> datetime:
    for _ in range(4 + int(rng.random() * 7)):
        service, name, request, is_read = calls[int(rng.random() * len(calls))]
        error = None
        if rng.random() < 0.03:
            error = (
                "AccessDenied",
                f"User: {caller.identity['arn']} is not authorized to perform: {service}:{name}",
            )
        world.trail.call(caller, at, service, name, request, read_only=is_read, error=error)
        at = jitter(at + timedelta(seconds=2), 900, rng)
    return at


def analyse(world: World, caller: AwsCaller, at: datetime, rng: Random) -> None:
    """A data engineer queries, reads a handful of objects, and at times takes the analytics role."""
    at = call_some(world, caller, DATA_CALLS, at, rng)
    if rng.random() < 0.4:
        role = world.estate.roles[world.estate.data_account, "analytics-read"]
        caller, _ = aws_calls.assume_role(
            world.trail, caller, role, caller.identity["arn"].rpartition("/")[2], at
        )
        at = jitter(at + timedelta(seconds=5), 60, rng)
    day = f"{at:%Y/%m/%d}"
    for number in range(3 + int(rng.random() * 10)):
        key = f"curated/sales/{day}/part-{number:05d}.parquet"
        size = int(200_000 + rng.random() * 6_000_000)
        aws_calls.object_call(world.trail, caller, at, world.estate.bucket("data-lake"), key, size)
        at = jitter(at + timedelta(seconds=1), 40, rng)


def use_own_key(world: World, user: IamUser, at: datetime, source_ip: str, rng: Random) -> None:
    """Who still has an IAM user runs Terraform with its key."""
    caller = user_caller(user, source_ip, TERRAFORM_AGENT)
    world.trail.call(caller, at, "sts", "GetCallerIdentity")
    for service, name, request, is_read in PLATFORM_CALLS[:3]:
        at = jitter(at + timedelta(seconds=1), 5, rng)
        world.trail.call(caller, at, service, name, request, read_only=is_read)
