"""Steps in Entra and Azure that several attacks share, each from a session in the attacker's hands."""

from datetime import datetime

from pipeline.simulate import azure_control, directory_changes, identifiers
from pipeline.simulate.azure_resources import AzureCaller, principal_caller
from pipeline.simulate.campaign.attack_parts import (
    BLOB_TOOLS,
    GRAPH_TOOLS,
    IDENTITY_TOOLS,
    VAULT_TOOLS,
    Hands,
    call_graph,
)
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import (
    GRAPH,
    MANAGEMENT,
    OFFICE_HOME,
    PORTAL,
    VAULT_SERVICE,
    App,
    ServicePrincipal,
)
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.networks import Origin
from pipeline.simulate.times import jitter, later

POWERSHELL = App("Microsoft Graph Command Line Tools", "14d82eec-204b-4c2f-b7e8-296a70dab67e")
AZURE_POWERSHELL = App("Microsoft Azure PowerShell", "1950a258-227b-4e31-a9cf-717495945fc2")
DIRECTORY_CALLS = (
    ("GET", "/users?$top=999"),
    ("GET", "/groups?$top=999"),
    ("GET", "/servicePrincipals?$top=999"),
    ("GET", "/applications?$top=999"),
    ("GET", "/directoryRoles?$expand=members"),
    ("GET", "/organization"),
    ("GET", "/domains"),
    ("GET", "/policies/authorizationPolicy"),
    ("GET", "/identity/conditionalAccess/policies"),
    ("GET", "/me/transitiveMemberOf"),
)
SECRET_LABELS = ("rotation", "2026", "pipeline", "backup", "automation", "ci")


def enumerate_directory(session: Hands, at: datetime) -> datetime:
    """A token for Graph, and where Graph's calls are logged, the whole directory read with it."""
    stage = session.stage
    client = stage.rng.choice((POWERSHELL, AZURE_POWERSHELL, PORTAL))
    refs: list[EventRef] = [session.refresh(at, client, GRAPH).ref]
    calls = stage.rng.sample(DIRECTORY_CALLS, 5 + int(stage.rng.random() * 5))
    at, called = call_graph(session, later(at, 5), calls, stage.rng.choice(GRAPH_TOOLS))
    session.stage.tell(
        "enumerate_directory", session.thing_id, session.origin, [*refs, *called], "The directory is read: users, roles, applications."
    )  # fmt: skip
    return at


def add_to_role(session: Hands, at: datetime) -> datetime:
    stage, tenant = session.stage, session.stage.world.estate.tenant_id
    role = stage.rng.choice(tuple(directory_changes.DIRECTORY_ROLES))
    refs = [session.refresh(later(at, -30), PORTAL, GRAPH).ref]
    refs += directory_changes.add_member_to_role(stage.world.audit, session.actor, session.person, at, role)
    story = f"{session.person.display_name} becomes {role}."
    stage.tell(
        "add_to_role", f"grant:{tenant}/{session.person.object_id}/{role}", session.origin, refs, story
    )
    return at


def elevate(session: Hands, at: datetime) -> datetime:
    """Access to every subscription, and Owner of this one."""
    stage, resources = session.stage, session.stage.world.resources
    tenant = stage.world.estate.tenant_id
    caller, token = session.azure(at)
    refs = [token, *azure_control.elevate_access(resources, caller, at)]
    stage.tell(
        "elevate_access",
        f"grant:{tenant}/every subscription",
        session.origin,
        refs,
        "Access to every subscription.",
    )
    at = stage.after(at)
    caller, token = session.azure(at)
    refs = [token, *azure_control.assign_role(resources, caller, at, session.person.object_id)]
    stage.tell(
        "assign_owner",
        f"grant:{tenant}/{session.person.object_id}",
        session.origin,
        refs,
        "Owner of the subscription.",
    )
    return at


def add_secret(session: Hands, at: datetime, principal: ServicePrincipal) -> tuple[str, datetime]:
    """A second secret of an automation's service principal. Its key id."""
    stage, audit = session.stage, session.stage.world.audit
    session.refresh(later(at, -30), PORTAL, GRAPH)
    key_id = identifiers.guid(stage.rng)
    refs = audit.add_secret(session.actor, principal, at, key_id, stage.rng.choice(SECRET_LABELS))
    story = f"{principal.name} gets another secret."
    stage.tell("add_secret", f"sp-credential:{key_id}", session.origin, refs, story)
    return key_id, at


def sign_in_as_principal(
    stage: Stage,
    principal: ServicePrincipal,
    key_id: str,
    at: datetime,
    origin: Origin,
    resource: App = VAULT_SERVICE,
) -> AzureCaller:
    signed_in = stage.world.signins.service_principal(
        principal, at, origin.network, origin.address, resource, key_id, stage.rng.choice(IDENTITY_TOOLS)
    )
    story = f"{principal.name} signs in with the added secret."
    stage.tell("principal_sign_in", f"sp-credential:{key_id}", origin, [signed_in.ref], story)
    return principal_caller(principal, origin.address, signed_in.token_id)


def use_secret(stage: Stage, principal: ServicePrincipal, key_id: str, at: datetime) -> datetime:
    """The service principal signs in from another host and reads the vault."""
    origin = stage.origins[-1]
    caller = sign_in_as_principal(stage, principal, key_id, at, origin)
    return read_vault(stage, caller, f"sp-credential:{key_id}", origin, later(at, 60))


def read_vault(
    stage: Stage, caller: AzureCaller, thing_id: str, origin: Origin, at: datetime, by_policy: bool = False,
    names: int = 4,
) -> datetime:  # fmt: skip
    resources, rng = stage.world.resources, stage.rng
    agent = rng.choice(VAULT_TOOLS)
    refs = [resources.secret(caller, at, "SecretList", None, agent)]
    if by_policy:
        azure_control.by_access_policy(resources)
    stage.tell("list_secrets", thing_id, origin, refs, "The vault's secrets are listed.")
    secrets = rng.sample(stage.world.estate.secrets, min(names, len(stage.world.estate.secrets)))
    reads = []
    for name in secrets:
        at = jitter(later(at, 3), 40, rng)
        reads.append(resources.secret(caller, at, "SecretGet", name, agent))
        if by_policy:
            azure_control.by_access_policy(resources)
    stage.tell("read_secrets", thing_id, origin, reads, "Secrets are read one after another.")
    return at


def open_vault(session: Hands, at: datetime) -> datetime:
    """As the person, who may read the vault."""
    caller, token = session.azure(at, VAULT_SERVICE)
    session.stage.tell("vault_token", session.thing_id, session.origin, [token], "A token for the vault.")
    return read_vault(session.stage, caller, session.thing_id, session.origin, at)


def take_storage(session: Hands, at: datetime) -> datetime:
    """The account's keys, or an account SAS; then blobs, which name nobody."""
    stage, resources, rng = session.stage, session.stage.world.resources, session.stage.rng
    estate, has_sas = stage.world.estate, rng.random() < 0.3
    caller, token = session.azure(at)
    refs = [
        token,
        *(azure_control.list_sas(resources, caller, at) if has_sas else resources.list_keys(caller, at)),
    ]
    thing = "storage-sas" if has_sas else "storage-keys"
    stage.tell(
        "list_sas" if has_sas else "list_storage_keys", f"{thing}:{estate.storage_account}", session.origin, refs,
        "The storage account's keys are asked for.",
    )  # fmt: skip
    at = stage.after(at)
    return copy_blobs(stage, at, rng.choice(stage.origins), has_sas)


def copy_blobs(
    stage: Stage, at: datetime, origin: Origin, has_sas: bool = False, seed: str = "fresh"
) -> datetime:
    rng, resources, estate = stage.rng, stage.world.resources, stage.world.estate
    agent, container = rng.choice(BLOB_TOOLS), rng.choice(("finance", "customers", "contracts", "archive"))
    signature = f"{rng.getrandbits(256):064x}"
    token_hash = f"key1({estate.storage_key_hash})"
    refs = []
    for number in range(30 + int(rng.random() * 90)):
        name = container if number == 0 else f"{container}/{2022 + number % 4}/file-{number:04d}.pdf"
        size = 30_000 if number == 0 else int(4e5 + rng.random() * 2e7)
        refs.append(
            resources.blob(at, "GetBlob" if number else "ListBlobs", name, origin.address, size, agent)
        )
        if has_sas:
            token_hash = azure_control.with_sas(resources, signature)
        at = jitter(later(at, 0.5), 15, rng)
    thing_id = f"storage-key:{estate.storage_account}/{token_hash}@{origin.address}"
    stage.tell("copy_blobs", thing_id, origin, refs, f"The container {container} is copied.", seed)
    return at


def federate(session: Hands, at: datetime) -> datetime:
    """Another issuer may say who somebody is."""
    stage, estate = session.stage, session.stage.world.estate
    domain = f"{estate.name}-{stage.rng.choice(('online', 'services', 'mail', 'partners'))}.example"
    refs = [session.refresh(later(at, -30), POWERSHELL, GRAPH).ref]
    refs += directory_changes.federate_domain(stage.world.audit, session.actor, domain, at)
    stage.tell(
        "federate_domain",
        f"trust:{estate.tenant_id}/{domain}",
        session.origin,
        refs,
        f"{domain} is added and federated.",
    )
    return later(at, 461)


def come_back(session: Hands, at: datetime) -> datetime:
    refs = [
        session.refresh(at, OFFICE_HOME, GRAPH).ref,
        session.refresh(jitter(later(at, 200), 900, session.stage.rng), PORTAL, MANAGEMENT).ref,
    ]
    session.stage.tell("come_back", session.thing_id, session.origin, refs, "The session is still good.")
    return later(at, 1100)
