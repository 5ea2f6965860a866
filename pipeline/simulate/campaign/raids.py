"""The attacks of the benchmark, by name: a published incident as a sequence of log records, and its variants after a slash.

`needs`: who may be its victim (jobs) and what the organisation must have; `sources`: the logs that hold its steps. What a
raid does is in the `attack_` modules beside this one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.simulate.campaign import (
    attack_console,
    attack_device_code,
    attack_help_desk,
    attack_keys,
    attack_oauth,
    attack_okta,
    attack_persistence,
    attack_premises,
    attack_sharing,
)
from pipeline.simulate.campaign.stage import Stage

BUILDERS = frozenset({"platform", "data", "developer"})  # they have a role in AWS
ENTRA = frozenset({"entra_audit", "entra_signin", "entra_signin_noninteractive"})
AZURE = ENTRA | {
    "azure_activity",
    "azure_key_vault",
    "azure_storage",
    "entra_signin_service_principal",
    "graph_activity",
}
AWS = ENTRA | {"aws_cloudtrail"}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose reset it is, as `postreset resets` names it."""

    who: str
    principal_id: str
    provider: str


def victim(stage: Stage) -> Subject:
    return Subject(stage.victim.upn, stage.victim.object_id, "azure")


def okta_victim(stage: Stage) -> Subject:
    return Subject(stage.victim.upn, stage.world.okta.user(stage.victim)["id"], "okta")


def iam_victim(stage: Stage) -> Subject:
    user = attack_keys.own_user(stage)
    return Subject(user.name, user.arn, "aws")


def forgotten(stage: Stage) -> Subject:
    account = attack_premises.forgotten_account(stage)
    return Subject(account.upn, account.object_id, "azure")


@dataclass(frozen=True, slots=True)
class Raid:
    scenario: str
    title: str
    perform: Callable[[Stage], None]
    needs: frozenset[str] = frozenset()
    sources: frozenset[str] = ENTRA
    subject: Callable[[Stage], Subject] = victim


RAIDS: dict[str, Raid] = {
    "S1": Raid("S1", "Help-desk reset, Entra and Azure", attack_help_desk.octo_tempest, frozenset(), AZURE),
    "S2": Raid("S2", "All factors reset in Okta, a second identity provider, AWS", attack_okta.cross_tenant, frozenset({"okta"}), frozenset({"okta_system", "aws_cloudtrail"}), okta_victim),
    "S3": Raid("S3", "Console of AWS, shell, secrets, persistence", attack_console.lucr_3, BUILDERS, AWS),
    "S3/transfer": Raid("S3", "Buckets surveyed, a file transfer server", attack_console.muddled_libra, BUILDERS, AWS),
    "S4": Raid("S4", "Okta and Entra at once", attack_okta.both_providers, frozenset({"okta"}), AZURE | {"okta_system"}, okta_victim),
    "S5": Raid("S5", "Reset on the premises, old tokens", attack_premises.residual_tokens, frozenset(), ENTRA | {"graph_activity", "m365_audit"}),
    "S6": Raid("S6", "A leaked key, the user's password reset", attack_keys.leaked_key, frozenset({"iam_user"}), frozenset({"aws_cloudtrail"}), iam_victim),
    "S7": Raid("S7", "A synchronised administrator without a second factor", attack_premises.storm_0501, frozenset(), AZURE, forgotten),
    "S8": Raid("S8", "Applications, consent and mail", attack_oauth.applications, frozenset(), ENTRA | {"entra_signin_service_principal", "graph_activity", "m365_audit"}),
    "S9": Raid("S9", "A vault's access policy", attack_help_desk.vault_policy, frozenset(), AZURE),
    "S10": Raid("S10", "A device code before the reset", attack_device_code.before_the_reset, frozenset(), ENTRA | {"graph_activity", "m365_audit"}),
    "S10/late": Raid("S10", "A device code after the reset", attack_device_code.after_the_reset, frozenset(), ENTRA | {"graph_activity", "m365_audit"}),
    "S11": Raid("S11", "An old key after the person's reset", attack_keys.old_key, frozenset({"iam_user"}), frozenset({"entra_audit", "aws_cloudtrail"})),
    "S12": Raid("S12", "Federated sessions of a new key", attack_persistence.federated_sessions, BUILDERS, AWS),
    "S13": Raid("S13", "Snapshots shared with another account", attack_sharing.shared_snapshots, BUILDERS, AWS),
}  # fmt: skip
