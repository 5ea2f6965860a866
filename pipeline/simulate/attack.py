"""The attack on Alice, told in the order in which it happened: this is its half in Entra and Azure, `attack_aws` the other.

Somebody calls the help desk in Alice's name. What follows goes from her new session to a service principal's secret, to
a vault, to an AWS key, across two accounts to the data, and out. Alice's own laptop goes on for an hour, unknowing.
Every step is written to the ground truth as it is made.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.simulate import attack_aws, identifiers
from pipeline.simulate.audit_parts import by_person, phone_deleted_by_admin, phone_registered
from pipeline.simulate.azure_resources import person_caller, principal_caller
from pipeline.simulate.entra_signins import SignIn
from pipeline.simulate.estate import (
    BROKER,
    EXCHANGE,
    GRAPH,
    MANAGEMENT,
    OFFICE_HOME,
    PORTAL,
    SECRETS,
    SECURITY_INFO,
    STORAGE_ACCOUNT,
    TEAMS,
    VAULT_SERVICE,
    App,
)
from pipeline.simulate.networks import ATTACKER_DESK, ATTACKER_SERVER, OFFICE, Origin
from pipeline.simulate.people import Device
from pipeline.simulate.times import jitter, later, moment
from pipeline.simulate.world import World

RESET_AT = moment("2026-03-02 09:14:05")
ALICE_LEAVES_AT = moment("2026-03-02 09:10:00")  # from here on only the rows written below are hers
ALICE_RETURNS_AT = moment("2026-03-09 00:00:00")
DESK = Origin(ATTACKER_DESK, 57)
BLOB_HOST = Origin(ATTACKER_DESK, 60)
SERVER = Origin(ATTACKER_SERVER, 14)
ATTACKER_DEVICE = Device(
    device_id="",
    name="",
    operating_system="Linux",
    browser="Firefox 140.0",
    user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    trust_type="",
    is_managed=False,
)
SECRETS_AGENT = "azsdk-python-keyvault-secrets/4.9.0 Python/3.12.3 (Linux)"
IDENTITY_AGENT = "azsdk-python-identity/1.23.0 Python/3.12.3 (Linux)"
AZCOPY_AGENT = "AzCopy/10.29.1 azsdk-go-azblob/v1.6.0 (go1.24.2; linux)"
BLOB_COUNT = 90


@dataclass(slots=True)
class AliceSession:
    """The Entra session that the attacker holds in Alice's name."""

    world: World
    session_id: str

    @property
    def thing_id(self) -> str:
        return f"entra-session:{self.session_id}"

    def sign_in(self, at: str, client: App, resource: App, mfa: str | None, error_code: int = 0) -> SignIn:
        return self.use(at, client, resource, mfa, error_code, is_interactive=True)

    def refresh(self, at: str, client: App, resource: App) -> SignIn:
        return self.use(at, client, resource, "Previously satisfied", 0, is_interactive=False)

    def use(
        self, at: str, client: App, resource: App, mfa: str | None, error_code: int, is_interactive: bool
    ) -> SignIn:
        return self.world.signins.user(
            self.world.estate.people["alice"],
            moment(f"2026-03-02 {at}"),
            DESK.network,
            DESK.address,
            ATTACKER_DEVICE,
            self.session_id,
            client,
            resource,
            is_interactive=is_interactive,
            mfa_method=mfa,
            error_code=error_code,
            is_known_device=False,
            incoming_token="none" if is_interactive else "refreshToken",
        )


def run(world: World) -> None:
    session = AliceSession(world, identifiers.guid(world.stream("attack")))
    help_desk_resets(world)
    attacker_registers_a_phone(world, session)
    attacker_signs_in(world, session)
    alice_works_on(world)
    key_id = attacker_adds_a_secret(world, session)
    service_principal_reads_the_vault(world, key_id)
    attack_aws.run(world)
    storage_keys_and_blobs(world, session)
    service_principal_comes_back(world, key_id)


def help_desk_resets(world: World) -> None:
    """09:14 Hana believes the caller. New password, tokens cut off; two minutes later the old authenticator is gone."""
    alice, hana = world.estate.people["alice"], world.estate.people["hana"]
    office = Origin(OFFICE, hana.office_host)
    desk = by_person(hana, office.address)
    events = world.audit.password_reset(desk, alice, RESET_AT, has_cut_off=True)
    at = moment("2026-03-02 09:16:40")
    events += world.audit.security_info(desk, alice, at, phone_deleted_by_admin(alice.phone.name))
    story = "The help desk resets Alice's password, cuts off her tokens and deletes her authenticator for a caller who is not Alice."
    world.logbook.step("help_desk_reset", f"entra-user:{alice.object_id}", office, events, story)


def attacker_registers_a_phone(world: World, session: AliceSession) -> None:
    """09:19 The new password works and asks for a second factor to be registered: the attacker's phone."""
    alice = world.estate.people["alice"]
    events = [session.sign_in("09:19:10", SECURITY_INFO, SECURITY_INFO, None, error_code=50072).ref]
    at = moment("2026-03-02 09:20:35")
    events += world.audit.security_info(
        by_person(alice, DESK.address), alice, at, phone_registered(None, "iPhone 14")
    )
    story = "The attacker registers a phone of their own as Alice's authenticator."
    world.logbook.step("register_attacker_phone", f"entra-user:{alice.object_id}", DESK, events, story)


def attacker_signs_in(world: World, session: AliceSession) -> None:
    """09:21 A new session from a new network, country and device; refreshes in the same session follow."""
    signed_in = session.sign_in("09:21:30", PORTAL, MANAGEMENT, "Mobile app notification").ref
    story = "First sign-in with the new method, from a network, country and device never seen for Alice."
    world.logbook.step("sign_in_from_new_network", session.thing_id, DESK, [signed_in], story)
    refreshes = [
        session.refresh("09:22:14", PORTAL, GRAPH).ref,
        session.refresh("09:24:51", PORTAL, GRAPH).ref,
        session.refresh("09:29:40", OFFICE_HOME, EXCHANGE).ref,
        session.refresh("09:33:02", PORTAL, GRAPH).ref,
    ]
    story = "Non-interactive sign-ins in the attacker's session."
    world.logbook.step("refresh_in_session", session.thing_id, DESK, refreshes, story)


def alice_works_on(world: World) -> None:
    """09:21-10:31 Alice's laptop signs in with Windows Hello: not a password token, so it outlives the reset for a while."""
    alice = world.estate.people["alice"]
    session_id, _ = world.session(alice, "laptop", RESET_AT - timedelta(seconds=1))
    office = Origin(OFFICE, alice.office_host)

    def refresh(at: str, client: App, resource: App, error_code: int = 0) -> SignIn:
        return world.signins.user(
            alice,
            moment(f"2026-03-02 {at}"),
            OFFICE,
            office.address,
            alice.laptop,
            session_id,
            client,
            resource,
            mfa_method=None if error_code else "Previously satisfied",
            error_code=error_code,
            incoming_token="primaryRefreshToken",
        )

    events = [
        refresh("09:21:47", TEAMS, GRAPH).ref,
        refresh("09:44:09", BROKER, GRAPH).ref,
        refresh("10:08:33", TEAMS, EXCHANGE).ref,
        refresh("10:31:12", BROKER, GRAPH).ref,
    ]
    story = "Residual: the real Alice's laptop, in a session begun before the reset, is still let in. She goes on leave at noon."
    thing_id = f"entra-session:{session_id}"
    world.logbook.step("old_session_still_used", thing_id, office, events, story, seed="residual")
    refresh("11:02:55", BROKER, GRAPH, error_code=50173)


def attacker_adds_a_secret(world: World, session: AliceSession) -> str:
    """09:34 Alice may manage applications: an automation's service principal gets a second secret."""
    alice, principal = world.estate.people["alice"], world.estate.principals["svc-deploy-automation"]
    session.refresh("09:33:48", PORTAL, GRAPH)
    key_id = identifiers.guid(world.stream("attack secret"))
    at = moment("2026-03-02 09:34:22")
    events = world.audit.add_secret(by_person(alice, DESK.address), principal, at, key_id, "backup")
    story = "A secret is added to the service principal svc-deploy-automation from Alice's new session."
    world.logbook.step("add_service_principal_secret", f"sp-credential:{key_id}", DESK, events, story)
    return key_id


def server_sign_in(world: World, key_id: str, at: datetime) -> SignIn:
    principal = world.estate.principals["svc-deploy-automation"]
    return world.signins.service_principal(
        principal, at, SERVER.network, SERVER.address, VAULT_SERVICE, key_id, IDENTITY_AGENT
    )


def service_principal_reads_the_vault(world: World, key_id: str) -> None:
    """09:41 The service principal signs in with that secret from another network, lists the vault and reads six secrets."""
    rng = world.stream("attack vault")
    thing_id = f"sp-credential:{key_id}"
    signed_in = server_sign_in(world, key_id, moment("2026-03-02 09:41:17"))
    story = "The service principal signs in with the added secret, from a network never seen for it."
    world.logbook.step("service_principal_sign_in", thing_id, SERVER, [signed_in.ref], story)
    principal = world.estate.principals["svc-deploy-automation"]
    caller = principal_caller(principal, SERVER.address, signed_in.token_id)
    at = moment("2026-03-02 09:43:05")
    listed = world.resources.secret(caller, at, "SecretList", None, SECRETS_AGENT)
    world.logbook.step("list_secrets", thing_id, SERVER, [listed], "The vault's secrets are listed.")
    reads = []
    for name in SECRETS:
        at = jitter(later(at, 15), 40, rng)
        reads.append(world.resources.secret(caller, at, "SecretGet", name, SECRETS_AGENT))
    deploy_key = world.estate.users["deploy-bot"].access_key_id
    story = "Six secrets are read; aws-deploy-access-key holds the AWS key of deploy-bot."
    world.logbook.step("read_secrets", f"aws-key:{deploy_key}", SERVER, reads, story)


def storage_keys_and_blobs(world: World, session: AliceSession) -> None:
    """13:02 Back in Alice's session: the storage account's keys are listed, then blobs are copied with key1."""
    rng = world.stream("attack blobs")
    token = session.refresh("13:02:16", PORTAL, MANAGEMENT)
    caller = person_caller(world.estate.people["alice"], DESK.address, token.token_id)
    events = [token.ref, *world.resources.list_keys(caller, moment("2026-03-02 13:05:44"))]
    thing_id = f"storage-key:{STORAGE_ACCOUNT}/key1({world.estate.storage_key_hash})@{BLOB_HOST.address}"
    story = f"Alice's session lists the keys of {STORAGE_ACCOUNT}; the token id ties the call to the attacker's session."
    world.logbook.step("list_storage_keys", thing_id, DESK, events, story)
    at = moment("2026-03-02 13:15:00")
    reads = [world.resources.blob(at, "ListBlobs", "finance", BLOB_HOST.address, 41_233, AZCOPY_AGENT)]
    for number in range(BLOB_COUNT):
        at = jitter(later(at, 2), 22, rng)
        path = f"finance/closing/2025/ledger-{number:03d}.xlsx"
        size = int(2e6 + rng.random() * 9e6)
        reads.append(world.resources.blob(at, "GetBlob", path, BLOB_HOST.address, size, AZCOPY_AGENT))
    story = "Blobs are read with the account key, which names nobody."
    world.logbook.step("read_blobs_with_account_key", thing_id, BLOB_HOST, reads, story)


def service_principal_comes_back(world: World, key_id: str) -> None:
    """02:10 the next night: the added secret still works."""
    signed_in = server_sign_in(world, key_id, moment("2026-03-03 02:10:27"))
    principal = world.estate.principals["svc-deploy-automation"]
    caller = principal_caller(principal, SERVER.address, signed_in.token_id)
    at = signed_in.ref.occurred_at
    events = [
        signed_in.ref,
        world.resources.secret(caller, later(at, 40), "SecretGet", "sql-reporting-password", SECRETS_AGENT),
        world.resources.secret(caller, later(at, 66), "SecretGet", "partner-sftp-password", SECRETS_AGENT),
    ]
    story = "The added secret still signs in the next night and reads two secrets again."
    world.logbook.step("service_principal_returns", f"sp-credential:{key_id}", SERVER, events, story)
