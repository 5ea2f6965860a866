"""Steps in AWS that several attacks share: from an Entra session into a role, looking around, a user of one's own, data read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.simulate import aws_calls, iam_calls, sharing_calls
from pipeline.simulate.campaign.attack_parts import AWS_TOOLS, S3_TOOLS, Hands
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.cloudtrail import AwsCaller, from_address, user_caller
from pipeline.simulate.estate import OFFICE_HOME, IamUser
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.networks import Origin
from pipeline.simulate.signin_calls import PORTAL_AGENT, console_sign_in, session_thing, signin_token
from pipeline.simulate.times import jitter, later

LOOKING = (
    ("sts", "GetCallerIdentity", None),
    ("iam", "ListUsers", {"maxItems": 100}),
    ("iam", "ListRoles", {"maxItems": 100}),
    ("iam", "GetAccountSummary", {}),
    ("iam", "ListAccountAliases", {}),
    ("iam", "ListAccessKeys", {}),
    ("organizations", "DescribeOrganization", None),
    ("ec2", "DescribeInstances", {"instancesSet": {}, "filterSet": {}}),
    ("ec2", "DescribeSnapshots", {"snapshotSet": {}, "ownersSet": {"items": [{"owner": "self"}]}}),
    ("rds", "DescribeDBInstances", {}),
    ("lambda", "ListFunctions20150331", {}),
    ("secretsmanager", "ListSecrets", {"maxResults": 100}),
    ("ssm", "DescribeParameters", {"maxResults": 50}),
    ("ses", "GetSendQuota", None),
    ("servicequotas", "ListServiceQuotas", {"serviceCode": "ec2"}),
    ("guardduty", "ListDetectors", {}),
    ("cloudtrail", "DescribeTrails", {"trailNameList": []}),
)
NEW_USERS = ("svc-backup-sync", "svc-monitoring", "reporting-export", "inventory-reader", "cost-explorer")
SERVICE_SECRETS = (
    "orders/database",
    "prod/stripe/api",
    "data/warehouse",
    "platform/github-app",
    "mail/relay",
)


@dataclass(slots=True)
class AwsHands:
    """AWS credentials in the attacker's hands, and from where they are used."""

    stage: Stage
    caller: AwsCaller
    origin: Origin

    @property
    def thing_id(self) -> str:
        return session_thing(self.caller)

    def elsewhere(self, origin: Origin, agent: str | None = None) -> "AwsHands":
        caller = from_address(self.caller, origin.address, agent or self.caller.user_agent)
        return AwsHands(self.stage, caller, origin)

    def tell(
        self,
        name: str,
        refs: Sequence[EventRef],
        story: str,
        thing_id: str | None = None,
        seed: str = "fresh",
    ) -> None:
        self.stage.tell(name, thing_id or self.thing_id, self.origin, refs, story, seed)

    def call(
        self, at: datetime, service: str, name: str, request: Record | None = None, response: Record | None = None,
        read_only: bool = False,
    ) -> EventRef:  # fmt: skip
        return self.stage.world.trail.call(
            self.caller, at, service, name, request, response, read_only=read_only
        )


def key_hands(stage: Stage, user: IamUser, origin: Origin, key_id: str | None = None) -> AwsHands:
    """An IAM user's key with a tool of the attacker's."""
    return AwsHands(stage, user_caller(user, origin.address, stage.rng.choice(AWS_TOOLS), key_id), origin)


def open_console(session: Hands, at: datetime, account_id: str) -> tuple[AwsHands, datetime]:
    """From Entra by Identity Center into the console of an account."""
    stage, estate = session.stage, session.stage.world.estate
    trail, role = stage.world.trail, estate.person_role(session.person, account_id)
    signed_in = session.refresh(at, OFFICE_HOME, estate.identity_center_app).ref
    at = jitter(later(at, 4), 15, stage.rng)
    caller, assumed = aws_calls.assume_role_with_saml(
        trail, role, session.person.upn, at, session.origin.address, session.device.user_agent
    )
    caller = aws_calls.on_behalf_of(caller, estate, session.person.login)
    refs = [signed_in, assumed, signin_token(trail, caller, later(at, 1), PORTAL_AGENT)]
    console, entered = console_sign_in(trail, caller, later(at, 2), session.device.user_agent)
    entrant = AwsHands(stage, console, session.origin)
    entrant.tell(
        "open_aws_console", [*refs, entered], f"From the session in Entra into the console, as {role.name}."
    )
    return entrant, later(at, 20)


def take_keys(session: Hands, at: datetime, account_id: str) -> tuple[AwsHands, datetime]:
    """The same way in, and the role's keys on a command line."""
    stage, estate = session.stage, session.stage.world.estate
    role = estate.person_role(session.person, account_id)
    signed_in = session.refresh(at, OFFICE_HOME, estate.identity_center_app).ref
    at = jitter(later(at, 5), 40, stage.rng)
    caller, assumed = aws_calls.assume_role_with_saml(
        stage.world.trail, role, session.person.upn, at, session.origin.address, stage.rng.choice(AWS_TOOLS)
    )
    taker = AwsHands(stage, aws_calls.on_behalf_of(caller, estate, session.person.login), session.origin)
    taker.tell(
        "take_role_keys", [signed_in, assumed], f"Keys of {role.name} are taken through single sign-on."
    )
    return taker, at


def look_around(entrant: AwsHands, at: datetime, seed: str = "fresh") -> datetime:
    rng, refs = entrant.stage.rng, []
    for service, name, request in rng.sample(LOOKING, 5 + int(rng.random() * 8)):
        refs.append(entrant.call(at, service, name, request, read_only=True))
        at = jitter(later(at, 1), 50, rng)
    entrant.tell("look_around", refs, "Who am I, who else is here, what is there.", seed=seed)
    return at


def make_user(
    entrant: AwsHands, at: datetime, has_password: bool = True
) -> tuple[IamUser, str | None, datetime]:
    """A user with a name as others have it, the right to everything, a key, and half of the time a password."""
    _stage, rng, trail = entrant.stage, entrant.stage.rng, entrant.stage.world.trail
    name = f"{rng.choice(NEW_USERS)}-{rng.randrange(100):02d}"
    user, made = iam_calls.create_user(trail, entrant.caller, at, entrant.caller.account_id, name)
    at = jitter(later(at, 3), 60, rng)
    refs = [made, iam_calls.attach_user_policy(trail, entrant.caller, at, user)]
    entrant.tell(
        "create_user", refs, f"A user {name} is made and may do everything.", f"principal:{user.arn}"
    )
    at = jitter(later(at, 3), 90, rng)
    key_id, ref = aws_calls.create_access_key(trail, entrant.caller, at, user)
    entrant.tell("create_access_key", [ref], f"A key of {name}.", f"aws-key:{key_id}")
    if has_password:
        at = jitter(later(at, 3), 90, rng)
        ref = iam_calls.create_login_profile(trail, entrant.caller, at, user)
        entrant.tell("create_login_profile", [ref], f"A password of {name}.", f"principal:{user.arn}")
    return user, key_id, at


def read_secrets(entrant: AwsHands, at: datetime) -> datetime:
    """Secrets Manager by a script: the list, then one after another."""
    rng = entrant.stage.rng
    refs = [entrant.call(at, "secretsmanager", "ListSecrets", {"maxResults": 100}, read_only=True)]
    for name in rng.sample(SERVICE_SECRETS, 3 + int(rng.random() * 3)):
        at = jitter(later(at, 1), 12, rng)
        refs.append(entrant.call(at, "secretsmanager", "GetSecretValue", {"secretId": name}, read_only=True))
    entrant.tell("read_secrets", refs, "Secrets are listed and read one after another.")
    return at


def read_parameters(entrant: AwsHands, at: datetime) -> datetime:
    rng = entrant.stage.rng
    names = [
        f"/prod/{name}" for name in rng.sample(("db/password", "redis/url", "jwt/key", "smtp/password"), 3)
    ]
    refs = [
        entrant.call(at, "ssm", "DescribeParameters", {"maxResults": 50}, read_only=True),
        entrant.call(
            later(at, 9), "ssm", "GetParameters", {"names": names, "withDecryption": True}, read_only=True
        ),
    ]
    entrant.tell("read_parameters", refs, "Parameters are read in clear.")
    return later(at, 9)


def read_bucket(
    entrant: AwsHands, at: datetime, purpose: str = "customer-exports", seed: str = "fresh"
) -> datetime:
    """Buckets listed and looked at, then object by object, with a tool of its own."""
    stage, rng, trail = entrant.stage, entrant.stage.rng, entrant.stage.world.trail
    reader = entrant.elsewhere(entrant.origin, rng.choice(S3_TOOLS))
    bucket = stage.world.estate.bucket(purpose)
    refs = [aws_calls.list_buckets(trail, reader.caller, at)]
    for name, parameter in (
        ("GetBucketAcl", "acl"),
        ("GetBucketPolicy", "policy"),
        ("GetBucketVersioning", "versioning"),
    ):
        at = jitter(later(at, 1), 20, rng)
        refs.append(sharing_calls.bucket_call(trail, reader.caller, at, name, bucket, parameter))
    for number in range(40 + int(rng.random() * 160)):
        at = jitter(later(at, 0.3), 9, rng)
        key = f"{2023 + number % 3}/{number % 12 + 1:02d}/part-{number:05d}.csv.gz"
        refs.append(
            aws_calls.object_call(trail, reader.caller, at, bucket, key, int(2e6 + rng.random() * 3e7))
        )
    reader.tell("read_bucket", refs, f"{bucket} is read object by object.", seed=seed)
    return at
