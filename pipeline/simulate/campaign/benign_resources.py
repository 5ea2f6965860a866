"""Ordinary work on Azure resources: keys listed and blobs moved, a vault looked after, a role given to a colleague."""

from datetime import datetime

from pipeline.simulate import identifiers
from pipeline.simulate.campaign.acting import Acting
from pipeline.simulate.estate import STORAGE_SERVICE, VAULT_SERVICE
from pipeline.simulate.times import jitter, later

AZCOPY_AGENT = "AzCopy/10.29.1 azsdk-go-azblob/v1.6.0 (go1.24.2; linux)"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def list_storage_keys(acting: Acting, at: datetime) -> None:
    caller = acting.azure(at)
    acting.world.resources.list_keys(caller, later(at, 45))


def migrate_blobs(acting: Acting, at: datetime) -> None:
    """AzCopy with the person's own token, from where they sit or from a machine in Azure with the account's key."""
    world, rng = acting.world, acting.rng
    has_key = rng.random() < 0.5
    caller = acting.azure(at)
    source_ip = caller.source_ip
    if has_key:
        world.resources.list_keys(caller, later(at, 30))
        source_ip = world.estate.places.azure.address(40 + rng.randrange(20))
    else:
        caller = acting.azure(later(at, 40), STORAGE_SERVICE)
    at = later(at, 300)
    oauth = None if has_key else caller
    world.resources.blob(at, "ListBlobs", "archive", source_ip, 38_113, AZCOPY_AGENT, oauth)
    for number in range(30 + rng.randrange(60)):
        at = jitter(later(at, 1), 15, rng)
        path = f"archive/{at:%Y}/scan-{number:04d}.tif"
        world.resources.blob(
            at, "GetBlob", path, source_ip, int(1e6 + rng.random() * 9e6), AZCOPY_AGENT, oauth
        )


def operate_vault(acting: Acting, at: datetime) -> None:
    """Lists what is there and looks at two or three, in the portal."""
    world, rng = acting.world, acting.rng
    caller = acting.azure(at, VAULT_SERVICE)
    agent = acting.person.laptop.user_agent
    world.resources.secret(caller, later(at, 15), "SecretList", None, agent)
    for name in rng.sample(world.estate.secrets, 1 + rng.randrange(3)):
        at = jitter(later(at, 30), 300, rng)
        world.resources.secret(caller, at, "SecretGet", name, agent)


def rotate_secrets(acting: Acting, at: datetime) -> None:
    world, rng = acting.world, acting.rng
    caller = acting.azure(at, VAULT_SERVICE)
    for name in rng.sample(world.estate.secrets, 2):
        at = jitter(later(at, 60), 400, rng)
        world.resources.secret(caller, at, "SecretGet", name, acting.person.laptop.user_agent)
        world.resources.secret(caller, later(at, 70), "SecretSet", name, acting.person.laptop.user_agent)


def give_role_to_colleague(acting: Acting, at: datetime) -> None:
    """Reader, or reader of blobs, of one resource group."""
    world, rng = acting.world, acting.rng
    estate, caller = world.estate, acting.azure(at)
    colleague = rng.choice([person for person in acting.organisation.people if person is not acting.person])
    scope = f"/subscriptions/{estate.subscription_id}/resourceGroups/{estate.resource_group}"
    definition = f"/subscriptions/{estate.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/"
    body = {
        "Id": identifiers.guid(rng),
        "Properties": {
            "PrincipalId": colleague.object_id,
            "RoleDefinitionId": definition + rng.choice((READER, BLOB_READER)),
            "Scope": scope,
        },
    }
    world.resources.write(
        caller, later(at, 60), "Microsoft.Authorization/roleAssignments/write",
        f"Microsoft.Authorization/roleAssignments/{body['Id']}", body=body,
    )  # fmt: skip
