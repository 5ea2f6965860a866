"""Roles as paths: into the organisation's other account, and a role whose trust lets an account in that is not the organisation's."""

from datetime import datetime

from pipeline.simulate import aws_calls, iam_calls, identifiers
from pipeline.simulate.campaign import attack_aws_steps as steps
from pipeline.simulate.campaign.attack_aws_steps import AwsHands
from pipeline.simulate.campaign.attack_parts import AWS_TOOLS
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.cloudtrail import AwsCaller, role_caller
from pipeline.simulate.estate import Role


def chain_role(entrant: AwsHands, at: datetime) -> datetime:
    """From the platform account into the data account, and its data read."""
    stage, estate = entrant.stage, entrant.stage.world.estate
    role = estate.roles[estate.data_account, "data-deploy"]
    name = stage.rng.choice(("deploy", "maintenance", stage.victim.login))
    caller, refs = aws_calls.assume_role(stage.world.trail, entrant.caller, role, name, at)
    chained = AwsHands(stage, caller, entrant.origin)
    chained.tell("chain_role", refs, f"Into the data account as {role.name}.")
    return steps.read_bucket(chained, stage.after(at), "data-lake")


def let_account_in(entrant: AwsHands, at: datetime, foreign: str) -> datetime:
    """A role's trust gains a foreign account, or a new role is made for it; then that account takes the role."""
    stage, trail, estate = entrant.stage, entrant.stage.world.trail, entrant.stage.world.estate
    document = iam_calls.trust_document({"AWS": f"arn:aws:iam::{foreign}:root"})
    if stage.rng.random() < 0.5:
        role: Role = estate.roles[estate.platform_account, "orders-service"]
        refs = [iam_calls.edit_trust(trail, entrant.caller, at, role, document)]
    else:
        name = f"{stage.rng.choice(('support-access', 'audit-readonly', 'vendor-monitoring'))}-{stage.rng.randrange(100):02d}"
        role, made = iam_calls.create_role(trail, entrant.caller, at, name, document)
        refs = [made, iam_calls.attach_role_policy(trail, entrant.caller, at, role)]
    entrant.tell(
        "let_account_in", refs, f"{role.name} may be assumed by another account.", f"aws-account:{foreign}"
    )
    at = stage.after(at)
    visitor = take_from_outside(stage, role, foreign, at)
    return steps.look_around(visitor, stage.after(at, 20))


def take_from_outside(stage: Stage, role: Role, foreign: str, at: datetime) -> AwsHands:
    """The role's account sees of the caller an id and an account, and shares the event's id with the other's log."""
    trail, origin, rng = stage.world.trail, stage.origins[-1], stage.rng
    at = at.replace(microsecond=0)
    principal_id, agent = identifiers.principal_id("AIDA", rng), rng.choice(AWS_TOOLS)
    outside = AwsCaller(
        foreign, {"type": "AWSAccount", "principalId": principal_id, "accountId": foreign}, origin.address, agent
    )  # fmt: skip
    name = rng.choice(("support", "session1", "audit"))
    key_id, response = aws_calls.sts_response(trail, role, name, at, 3600)
    ref = trail.call(
        outside, at, "sts", "AssumeRole", {"roleArn": role.arn, "roleSessionName": name, "durationSeconds": 3600}, response,
        resources=[aws_calls.role_resource(role)], recipient=role.account_id, shared_event_id=identifiers.guid(trail.rng),
    )  # fmt: skip
    caller = role_caller(role, name, key_id, at, origin.address, agent)
    visitor = AwsHands(stage, caller, origin)
    visitor.tell("role_taken_from_outside", [ref], f"{role.name} is assumed by the other account.")
    return visitor
