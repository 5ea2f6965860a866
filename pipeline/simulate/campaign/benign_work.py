"""What people do with power on an ordinary day, after a reset too: the benign twin of each attack (S14 of S1 to S13)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from pipeline.simulate.campaign import (
    benign_administration,
    benign_cloud,
    benign_directory,
    benign_mail,
    benign_resources,
)
from pipeline.simulate.campaign.acting import Acting, at_place
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.people import Person

PLATFORM = ("platform",)
TECHNICAL = ("platform", "data", "developer")
EVERYBODY = ()


@dataclass(frozen=True, slots=True)
class Work:
    """`twin_of` is the attack that does nearly the same. `needs`: an `own_application`, an `own_user` or `own_machine` of AWS, `office_logs`, `okta`."""

    name: str
    twin_of: str
    jobs: tuple[str, ...]
    perform: Callable[[Acting, datetime], None]
    needs: str = ""

    def suits(self, organisation: Organisation, person: Person) -> bool:
        if self.jobs and person.job not in self.jobs:
            return False
        estate = organisation.world.estate
        return {
            "": True,
            "own_application": f"own/{person.login}" in estate.principals,
            "own_user": person.login in estate.own_users,
            "own_machine": f"own/{person.login}" in estate.users,
            "office_logs": organisation.traits.has_office_logs,
            "okta": organisation.traits.has_okta,
        }[self.needs]


WORKS: tuple[Work, ...] = (
    Work("role activated for hours", "S1", PLATFORM, benign_directory.activate_role),
    Work(
        "secret of the own application renewed",
        "S1",
        TECHNICAL,
        benign_directory.renew_own_secret,
        "own_application",
    ),
    Work("inbox rule for one's own mail", "S1", EVERYBODY, benign_mail.make_rule, "office_logs"),
    Work("mail forwarded to a colleague", "S5", EVERYBODY, benign_mail.forward_within_company, "office_logs"),
    Work(
        "desk privilege granted in Okta", "S2", PLATFORM, benign_administration.grant_desk_privilege, "okta"
    ),
    Work("application assigned in Okta", "S2", PLATFORM, benign_administration.assign_application, "okta"),
    Work("shell and secrets in the console", "S3", PLATFORM, benign_cloud.work_in_shell),
    Work("service set up by infrastructure code", "S3", PLATFORM, benign_cloud.set_up_service),
    Work("break-glass drill", "S4", PLATFORM, benign_cloud.drill_break_glass),
    Work("machine's key rotated", "S6", TECHNICAL, benign_cloud.rotate_own_machines_key, "own_machine"),
    Work("own key rotated", "S6", TECHNICAL, benign_cloud.rotate_own_key, "own_user"),
    Work("storage keys listed", "S7", PLATFORM, benign_resources.list_storage_keys),
    Work("role given to a colleague", "S7", PLATFORM, benign_resources.give_role_to_colleague),
    Work("blobs migrated by AzCopy", "S7", ("platform", "data"), benign_resources.migrate_blobs),
    Work("consent to a small tool", "S8", EVERYBODY, benign_directory.consent_to_tool),
    Work("vault operated", "S9", PLATFORM, benign_resources.operate_vault),
    Work("secrets rotated", "S9", PLATFORM, benign_resources.rotate_secrets),
    Work("device code for a conference room", "S10", EVERYBODY, benign_directory.sign_in_room),
    Work("new laptop set up", "S10", EVERYBODY, benign_directory.set_up_laptop),
    Work("whole bucket read", "S11", ("data",), benign_cloud.read_whole_bucket),
    Work("federated session of an old tool", "S12", TECHNICAL, benign_cloud.run_legacy_tool, "own_user"),
    Work("trust edited by infrastructure code", "S12", PLATFORM, benign_cloud.edit_trust),
    Work(
        "snapshot shared with the own backup account", "S13", PLATFORM, benign_cloud.copy_snapshot_to_backup
    ),
)


def do_work(organisation: Organisation, person: Person, work: Work, at: datetime, rng: Random) -> None:
    work.perform(at_place(organisation, person, at, rng), at)
