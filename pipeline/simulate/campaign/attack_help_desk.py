"""S1, S9: a caller believed by the help desk, and then Entra and Azure: roles, an automation's secret, a vault, storage."""

from datetime import datetime

from pipeline.simulate import azure_control
from pipeline.simulate.campaign import attack_azure_steps as steps
from pipeline.simulate.campaign.attack_parts import Hands, hands, play
from pipeline.simulate.campaign.attack_resets import take_over, victim_goes_on
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import VAULT_SERVICE
from pipeline.simulate.times import later


def octo_tempest(stage: Stage) -> None:
    """S1. From one session to the directory, and from there wherever it leads."""
    session = hands(stage)
    at = take_over(session, stage.reset_at)
    victim_goes_on(stage, later(stage.reset_at, 120))
    principal = stage.world.estate.principals["svc-deploy-automation"]

    def secret_and_its_use(begins_at: datetime) -> datetime:
        key_id, ended_at = steps.add_secret(session, begins_at, principal)
        return steps.use_secret(stage, principal, key_id, stage.after(ended_at))

    at = play(stage, at, lambda at: steps.enumerate_directory(session, at), chance=0.9)
    at = play(
        stage, at, lambda at: steps.add_to_role(session, at), lambda at: steps.elevate(session, at), chance=0.8,
        is_shuffled=True,
    )  # fmt: skip
    at = play(
        stage, at, secret_and_its_use, lambda at: steps.open_vault(session, at),
        lambda at: steps.take_storage(session, at), lambda at: steps.federate(session, at), chance=0.8, is_shuffled=True,
    )  # fmt: skip
    play(stage, at, lambda at: steps.come_back(session, at), chance=0.6)


def vault_policy(stage: Stage) -> None:
    """S9. Whoever may write a vault lets himself in, reads, and sometimes tidies up."""
    session = hands(stage)
    at = take_over(session, stage.reset_at)
    victim_goes_on(stage, later(stage.reset_at, 120))
    at = play(stage, at, lambda at: steps.enumerate_directory(session, at), chance=0.5)
    at = let_oneself_in(session, stage.after(at))
    caller, token = session.azure(stage.after(at), VAULT_SERVICE)
    stage.tell("vault_token", session.thing_id, session.origin, [token], "A token for the vault.")
    at = steps.read_vault(
        stage, caller, session.thing_id, session.origin, later(token.occurred_at, 40), by_policy=True, names=6
    )
    play(
        stage, at, lambda at: steps.take_storage(session, at), lambda at: steps.come_back(session, at), chance=0.5,
        is_shuffled=True,
    )  # fmt: skip


def let_oneself_in(session: Hands, at: datetime) -> datetime:
    stage, estate = session.stage, session.stage.world.estate
    caller, token = session.azure(at)
    refs = [
        token,
        *azure_control.give_vault_access(
            stage.world.resources, caller, at, session.person.object_id, stage.rng.random() < 0.5
        ),
    ]
    thing_id = f"grant:{estate.tenant_id}/{estate.key_vault}/{session.person.object_id}"
    stage.tell(
        "give_vault_access",
        thing_id,
        session.origin,
        refs,
        "The vault's access policies gain the session's own person.",
    )
    return at
