"""The fixed things of example.com: one Entra tenant, one Azure subscription, two AWS accounts of one organisation.

Every id comes from one seeded stream, so the same seed names the same things in every scenario.
"""

from dataclasses import dataclass, field
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.networks import Places
from pipeline.simulate.people import Person, make_people

PLATFORM_ACCOUNT = "111122223333"
DATA_ACCOUNT = "444455556666"
FOREIGN_ACCOUNT = "777788889999"
HOME_REGION = "eu-central-1"
GLOBAL_REGION = "us-east-1"
RESOURCE_GROUP = "rg-data-prod"
STORAGE_ACCOUNT = "exampledatalake"
KEY_VAULT = "kv-example-prod"
SECRETS = (
    "sql-reporting-password",
    "aws-deploy-access-key",
    "smtp-relay-password",
    "webhook-signing-key",
    "partner-sftp-password",
    "datalake-sas-signing",
)
PERMISSION_SETS = {"platform": "AdministratorAccess", "data": "DataEngineer", "developer": "PowerUserAccess"}


@dataclass(frozen=True, slots=True)
class Role:
    account_id: str
    name: str
    role_id: str
    path: str = "/"

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:role{self.path}{self.name}"


@dataclass(frozen=True, slots=True)
class IamUser:
    account_id: str
    name: str
    user_id: str
    access_key_id: str | None

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:user/{self.name}"


@dataclass(frozen=True, slots=True)
class App:
    """An application as sign-in logs name it: a client, a resource, or both."""

    name: str
    app_id: str
    service_principal_id: str = ""


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    name: str
    app_id: str
    object_id: str
    application_object_id: str
    credential_key_id: str


# Application ids that Microsoft gives its own applications in every tenant.
PORTAL = App("Azure Portal", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c")
OFFICE_HOME = App("OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca")
TEAMS = App("Microsoft Teams", "1fec8e78-bce4-4aaf-ab1b-5451cc387264")
OUTLOOK_MOBILE = App("Outlook Mobile", "27922004-5251-4030-b22d-91ecd9a37ea4")
ONE_DRIVE = App("OneDrive SyncEngine", "ab9b8c07-8f02-4f72-87fa-80105867a763")
BROKER = App("Microsoft Authentication Broker", "29d9ed98-a469-4536-ade2-f981bc1d605e")
SECURITY_INFO = App("My Signins", "19db86c3-b2b9-44cc-b339-36da233a3be2")
GRAPH = App("Microsoft Graph", "00000003-0000-0000-c000-000000000000")
EXCHANGE = App("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000")
SHAREPOINT = App("Office 365 SharePoint Online", "00000003-0000-0ff1-ce00-000000000000")
MANAGEMENT = App("Windows Azure Service Management API", "797f4846-ba00-4fd7-ba43-dac1f8f63013")
VAULT_SERVICE = App("Azure Key Vault", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093")
STORAGE_SERVICE = App("Azure Storage", "e406a681-f3d4-42a8-90b6-c2b029497af1")


@dataclass(frozen=True, slots=True)
class Estate:
    tenant_id: str
    subscription_id: str
    organization_id: str
    people: dict[str, Person]
    roles: dict[tuple[str, str], Role]
    users: dict[str, IamUser]
    principals: dict[str, ServicePrincipal]
    identity_center_app: App
    mfa_service: App
    password_service: App
    mfa_policy_id: str
    storage_key_hash: str
    own_users: dict[str, IamUser] = field(default_factory=dict)  # by login: the IAM user a person has besides
    name: str = "example"
    domain: str = "example.com"
    platform_account: str = PLATFORM_ACCOUNT
    data_account: str = DATA_ACCOUNT
    foreign_account: str = FOREIGN_ACCOUNT
    home_region: str = HOME_REGION
    resource_group: str = RESOURCE_GROUP
    storage_account: str = STORAGE_ACCOUNT
    key_vault: str = KEY_VAULT
    secrets: tuple[str, ...] = SECRETS
    places: Places = field(default_factory=Places)
    identity_store_id: str | None = None  # of Identity Center; role sessions name on whose behalf they are
    identity_center_ids: dict[str, str] = field(default_factory=dict)  # by login
    name_qualifier: str = "3dTq0p8mYvJ1c9wQ0f6dXy2kR5E="
    saml_provider: str = "AWSSSO_5f2d8c1ab4e97c03_DO_NOT_DELETE"

    @property
    def vault_resource_id(self) -> str:
        group = f"/SUBSCRIPTIONS/{self.subscription_id}/RESOURCEGROUPS/{self.resource_group}"
        return f"{group}/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/{self.key_vault}".upper()

    @property
    def storage_resource_id(self) -> str:
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.Storage/storageAccounts/{self.storage_account}"

    def bucket(self, purpose: str) -> str:
        return f"{self.name}-{purpose}"

    def person_role(self, person: Person, account_id: str) -> Role:
        """The Identity Center role of this person's permission set in that account."""
        return self.roles[account_id, PERMISSION_SETS[person.job]]


def make_roles(rng: Random) -> dict[tuple[str, str], Role]:
    roles = {}
    for account_id in (PLATFORM_ACCOUNT, DATA_ACCOUNT):
        for permission_set in PERMISSION_SETS.values():
            name = f"AWSReservedSSO_{permission_set}_{rng.getrandbits(64):016x}"
            path = f"/aws-reserved/sso.amazonaws.com/{HOME_REGION}/"
            roles[account_id, permission_set] = Role(
                account_id, name, identifiers.principal_id("AROA", rng), path
            )
    for account_id, name, path in (
        (PLATFORM_ACCOUNT, "ci-build", "/"),
        (PLATFORM_ACCOUNT, "orders-service", "/"),
        (PLATFORM_ACCOUNT, "AWSBackupDefaultServiceRole", "/service-role/"),
        (DATA_ACCOUNT, "AWSBackupDefaultServiceRole", "/service-role/"),
        (DATA_ACCOUNT, "nightly-etl", "/"),
        (DATA_ACCOUNT, "data-deploy", "/"),
        (DATA_ACCOUNT, "analytics-read", "/"),
    ):
        roles[account_id, name] = Role(account_id, name, identifiers.principal_id("AROA", rng), path)
    return roles


def make_users(rng: Random) -> dict[str, IamUser]:
    users = {}
    for name, has_key in (
        ("deploy-bot", True),
        ("reports-export", True),
        ("carol.mensah", True),
        ("erik.holm", False),
    ):
        key = identifiers.access_key_id("AKIA", PLATFORM_ACCOUNT, rng) if has_key else None
        users[name] = IamUser(PLATFORM_ACCOUNT, name, identifiers.principal_id("AIDA", rng), key)
    return users


def make_principals(rng: Random) -> dict[str, ServicePrincipal]:
    names = ("svc-deploy-automation", "svc-reporting", "svc-blob-pipeline")
    return {name: ServicePrincipal(name, *(identifiers.guid(rng) for _ in range(4))) for name in names}


def make_estate(seed: int) -> Estate:
    rng = Random(f"{seed}/estate")
    estate = Estate(
        tenant_id=identifiers.guid(rng),
        subscription_id=identifiers.guid(rng),
        organization_id="o-" + identifiers.text_of(identifiers.LOWER_ALPHANUMERIC, 10, rng),
        people=make_people(rng),
        roles=make_roles(rng),
        users=make_users(rng),
        principals=make_principals(rng),
        identity_center_app=App("AWS IAM Identity Center", identifiers.guid(rng), identifiers.guid(rng)),
        mfa_service=App(
            "Azure MFA StrongAuthenticationService", identifiers.guid(rng), identifiers.guid(rng)
        ),
        password_service=App(
            "Microsoft password reset service", "93625bc8-bfe2-437a-97e0-3d0060024faa", identifiers.guid(rng)
        ),
        mfa_policy_id=identifiers.guid(rng),
        storage_key_hash=identifiers.key_hash(f"{seed}/storage key1"),
    )
    estate.own_users["carol"] = estate.users["carol.mensah"]
    return estate
