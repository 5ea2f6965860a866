"""S5, S7: the reset happens on the premises. Tokens that need no password live on; or a forgotten synchronised administrator
wakes up and takes the whole tenant.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from pipeline.simulate import azure_control, identifiers
from pipeline.simulate.campaign import attack_azure_steps as steps
from pipeline.simulate.campaign.attack_mail import search_mail
from pipeline.simulate.campaign.attack_parts import Hands, hands, keeps, play
from pipeline.simulate.campaign.attack_resets import (
    first_sign_in,
    register_method,
    reset_on_premises,
    reset_with_writeback,
    victim_goes_on,
)
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import EXCHANGE, GRAPH, OFFICE_HOME, SHAREPOINT
from pipeline.simulate.networks import Origin
from pipeline.simulate.people import Device, Person
from pipeline.simulate.times import jitter, later

FILES = (
    "network-plan.vsdx",
    "vpn-access.docx",
    "suppliers.xlsx",
    "service-accounts.xlsx",
    "continuity-plan.docx",
)


def residual_tokens(stage: Stage) -> None:
    """S5. A refresh token stolen before the reset works on after it, beside a new session with the new password."""
    stolen, rng = hands(stage), stage.rng
    begun_at = stage.reset_at - timedelta(hours=3 + rng.random() * 30)
    stolen.sign_in(begun_at, OFFICE_HOME, EXCHANGE)
    stolen.refresh(later(begun_at, 900), OFFICE_HOME, GRAPH)
    at = (reset_with_writeback if rng.random() < 0.5 else reset_on_premises)(stage, stage.reset_at)
    victim_goes_on(stage, later(at, 600), hours=8, is_shut_out=False)

    def old_token(begins_at: datetime) -> datetime:
        refs = []
        for _ in range(2 + int(rng.random() * 3)):
            refs.append(stolen.refresh(begins_at, OFFICE_HOME, rng.choice((EXCHANGE, GRAPH, SHAREPOINT))).ref)
            begins_at = jitter(later(begins_at, 60), 2400, rng)
        stage.tell(
            "old_token",
            stolen.thing_id,
            stolen.origin,
            refs,
            "A token from before the reset is refreshed.",
            "residual",
        )
        return begins_at

    def old_mail(begins_at: datetime) -> datetime:
        return search_mail(stolen, begins_at, "residual")

    def new_password(begins_at: datetime) -> datetime:
        session = hands(stage, origin=stage.origin())
        ended_at = begins_at
        if rng.random() < 0.5:
            ended_at = stage.after(register_method(session, begins_at), longest=timedelta(minutes=30))
        ended_at = first_sign_in(session, ended_at, OFFICE_HOME, SHAREPOINT)
        return play(
            stage, ended_at, lambda at: take_files(session, at), lambda at: steps.enumerate_directory(session, at),
            chance=0.85, is_shuffled=True,
        )  # fmt: skip

    at = play(stage, at, old_token)
    play(stage, at, old_mail, new_password, old_token, chance=0.85, is_shuffled=True)


def take_files(session: Hands, at: datetime) -> datetime:
    stage, rng = session.stage, session.stage.rng
    refs = [session.refresh(at, OFFICE_HOME, SHAREPOINT).ref]
    if keeps(stage, "m365_audit"):
        site = f"https://{stage.world.estate.name}.sharepoint.com/sites/it"
        for number in range(4 + int(rng.random() * 12)):
            at = jitter(later(at, 2), 60, rng)
            name = FILES[number % len(FILES)]
            refs.append(
                stage.world.office.file(
                    session.shift(at), at, "FileDownloaded", site, "Shared Documents/Operations", name
                )
            )
    stage.tell(
        "take_files", session.thing_id, session.origin, refs, "Files of the operations team are downloaded."
    )
    return at


def storm_0501(stage: Stage) -> None:
    """S7. A synchronised service account that is a Global Administrator and never had a second factor."""
    account, rng, world = forgotten_account(stage), stage.rng, stage.world
    own_life(stage, account)
    at = reset_on_premises(stage, stage.reset_at, account)
    inside = Origin(world.estate.places.office, 200 + rng.randrange(40)) if rng.random() < 0.5 else None
    session = hands(stage, account, inside)
    session.device, session.is_known_device = hybrid_device(rng), True
    at = register_method(session, stage.after(at, longest=timedelta(hours=4)))
    at = first_sign_in(session, stage.after(at, longest=timedelta(minutes=40)))
    at = play(stage, at, lambda at: steps.enumerate_directory(session, at), chance=0.8)
    at = play(
        stage,
        at,
        lambda at: steps.federate(session, at),
        lambda at: steps.elevate(session, at),
        is_shuffled=True,
    )
    at = play(
        stage,
        at,
        lambda at: open_storage(session, at),
        lambda at: steps.take_storage(session, at),
        chance=0.9,
    )
    play(stage, at, lambda at: destroy(session, at), lambda at: encrypt(session, at), chance=0.75)


def forgotten_account(stage: Stage) -> Person:
    """Of the organisation, but of no human: no phone, no working day."""
    rng, domain = stage.world.stream(f"forgotten account/{stage.victim.login}"), stage.world.estate.domain
    login = rng.choice(("svc-dirsync-admin", "svc-exchange-hybrid", "svc-intune-connector", "svc-scom-cloud"))
    return replace(
        stage.victim,
        login=login,
        display_name=login,
        upn=f"{login}@{domain}",
        object_id=identifiers.guid(rng),
        job="service",
    )


def hybrid_device(rng: Random) -> Device:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
    name = f"SRV-{rng.randrange(10, 99)}"
    return Device(
        identifiers.guid(rng), name, "Windows10", "Edge 142.0.0", agent, "Hybrid Azure AD joined", True
    )


def own_life(stage: Stage, account: Person) -> None:
    """What its job does of a night, from a server in the office, until the attack: one factor is enough for it."""
    office, device = (
        Origin(stage.world.estate.places.office, 7),
        hybrid_device(stage.world.stream("its server")),
    )
    job = Hands(stage, account, office, identifiers.guid(stage.rng), device, is_known_device=True)
    for days in range(6, 0, -1):
        at = jitter(stage.reset_at - timedelta(days=days, hours=6), 1200, stage.rng)
        job.sign_in(at, steps.AZURE_POWERSHELL, GRAPH, mfa=None)


def open_storage(session: Hands, at: datetime) -> datetime:
    caller, token = session.azure(at)
    refs = [token, *azure_control.open_account(session.stage.world.resources, caller, at)]
    session.stage.tell(
        "open_storage",
        session.thing_id,
        session.origin,
        refs,
        "The storage account is opened to the internet.",
    )
    return at


def destroy(session: Hands, at: datetime) -> datetime:
    """Copies and backups first; locks before what they protect."""
    stage = session.stage
    kinds = [
        "Microsoft.Compute/snapshots",
        "Microsoft.Compute/snapshots",
        "Microsoft.Compute/restorePointCollections",
        "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems",
        "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies",
        "Microsoft.Storage/storageAccounts",
    ]
    chosen = ["Microsoft.Authorization/locks", *(kind for kind in kinds if stage.rng.random() < 0.75)]
    caller, token = session.azure(at)
    refs = [token, *azure_control.delete(stage.world.resources, caller, at, chosen)]
    stage.tell(
        "destroy",
        session.thing_id,
        session.origin,
        refs,
        "Locks, snapshots, restore points and stores are deleted.",
    )
    return later(at, 200)


def encrypt(session: Hands, at: datetime) -> datetime:
    """What cannot be deleted is encrypted with a key of one's own vault, which then goes away."""
    stage, resources = session.stage, session.stage.world.resources
    caller, token = session.azure(at)
    storage = f"Microsoft.Storage/storageAccounts/{stage.world.estate.storage_account}"
    refs = [
        token,
        *resources.write(caller, at, "Microsoft.KeyVault/vaults/write", f"Microsoft.KeyVault/vaults/kv-{stage.rng.getrandbits(24):06x}"),
        *resources.write(
            caller, later(at, 190), "Microsoft.Storage/storageAccounts/encryptionScopes/write", f"{storage}/encryptionScopes/main"
        ),
    ]  # fmt: skip
    stage.tell(
        "encrypt", session.thing_id, session.origin, refs, "Another vault, and another encryption scope."
    )
    return later(at, 190)
