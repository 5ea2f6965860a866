"""CloudTrail calls that take data out of an account: snapshots, images and databases shared, bucket policies, replication,
file transfer servers; and what the owner's log tells when a foreign account copies what it was given.
"""

from collections.abc import Sequence
from datetime import datetime

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.cloudtrail import AwsCaller, CloudTrail
from pipeline.simulate.logbook import EventRef, Record


def unshare_snapshot(
    trail: CloudTrail, caller: AwsCaller, at: datetime, snapshot_id: str, account_id: str
) -> EventRef:
    request = {
        "snapshotId": snapshot_id,
        "createVolumePermission": {"remove": {"items": [{"userId": account_id}]}},
        "attributeType": "CREATE_VOLUME_PERMISSION",
    }
    return ec2(trail, caller, at, "ModifySnapshotAttribute", request, {"_return": True})


def ec2(
    trail: CloudTrail, caller: AwsCaller, at: datetime, name: str, request: Record, response: Record,
    read_only: bool = False,
) -> EventRef:  # fmt: skip
    """EC2 repeats the id of the request in its response."""
    request_id = identifiers.guid(trail.rng)
    return trail.call(
        caller, at, "ec2", name, request, {"requestId": request_id, **response}, read_only=read_only,
        request_id=request_id,
    )  # fmt: skip


def create_image(
    trail: CloudTrail, caller: AwsCaller, at: datetime, instance_id: str, name: str
) -> tuple[str, EventRef]:
    image_id = identifiers.aws_resource_id("ami", trail.rng)
    request = {"instanceId": instance_id, "name": name, "noReboot": True}
    return image_id, ec2(trail, caller, at, "CreateImage", request, {"imageId": image_id})


def share_image(
    trail: CloudTrail, caller: AwsCaller, at: datetime, image_id: str, account_id: str, verb: str = "add"
) -> EventRef:
    request = {
        "imageId": image_id,
        "launchPermission": {verb: {"items": [{"userId": account_id}]}},
        "attributeType": "launchPermission",
    }
    return ec2(trail, caller, at, "ModifyImageAttribute", request, {"_return": True})


def snapshot_database(
    trail: CloudTrail, caller: AwsCaller, at: datetime, database: str, snapshot: str
) -> EventRef:
    request = {"dBSnapshotIdentifier": snapshot, "dBInstanceIdentifier": database}
    arn = f"arn:aws:rds:{trail.home_region}:{caller.account_id}:snapshot:{snapshot}"
    response = {
        **request,
        "dBSnapshotArn": arn,
        "engine": "postgres",
        "status": "creating",
        "percentProgress": 0,
    }
    return trail.call(caller, at, "rds", "CreateDBSnapshot", request, response, read_only=False)


def share_database(
    trail: CloudTrail, caller: AwsCaller, at: datetime, snapshot: str, account_id: str, verb: str = "Add"
) -> EventRef:
    request = {
        "dBSnapshotIdentifier": snapshot,
        "attributeName": "restore",
        f"valuesTo{verb}": [account_id],
    }
    values = [account_id] if verb == "Add" else []
    attribute = {"attributeName": "restore", "attributeValues": values}
    response = {"dBSnapshotIdentifier": snapshot, "dBSnapshotAttributes": [attribute]}
    return trail.call(caller, at, "rds", "ModifyDBSnapshotAttribute", request, response, read_only=False)


def foreign_copy(trail: CloudTrail, at: datetime, owner: str, account_id: str, snapshot_id: str) -> EventRef:
    """The owner's account hears that another one copies its snapshot: a service event, whose caller is that account."""
    caller = AwsCaller(
        owner, {"accountId": account_id, "invokedBy": "ec2.amazonaws.com"}, "ec2.amazonaws.com", "ec2.amazonaws.com"
    )  # fmt: skip
    ref = trail.call(
        caller, at, "ec2", "SharedSnapshotCopyInitiated", None, None, read_only=False, event_type="AwsServiceEvent",
        recipient=owner,
    )  # fmt: skip
    trail.logbook.deliveries[-1].record["serviceEventDetails"] = {"snapshotId": snapshot_id}
    return ref


def foreign_read(
    trail: CloudTrail, at: datetime, owner: str, account_id: str, principal_id: str, source_ip: str, user_agent: str,
    bucket: str, key: str, size: int,
) -> EventRef:  # fmt: skip
    """An object read by another account: the owner's log names that account and no more."""
    identity = {"type": "AWSAccount", "principalId": principal_id, "accountId": account_id}
    ref = aws_calls.object_call(
        trail, AwsCaller(owner, identity, source_ip, user_agent), at, bucket, key, size
    )
    record = trail.logbook.deliveries[-1].record
    record["sharedEventID"] = identifiers.guid(trail.rng)
    record["resources"][1]["accountId"] = owner
    return ref


def bucket_call(
    trail: CloudTrail, caller: AwsCaller, at: datetime, name: str, bucket: str, parameter: str,
    request: Record | None = None, read_only: bool = True,
) -> EventRef:  # fmt: skip
    """A call on a bucket itself: `parameter` is the sub-resource, such as `acl` or `policy`, which stands with an empty text."""
    host = f"{bucket}.s3.{trail.home_region}.amazonaws.com"
    return trail.call(
        caller, at, "s3", name, {"bucketName": bucket, "Host": host, parameter: "", **(request or {})}, None,
        read_only=read_only, host=host, extra=aws_calls.s3_extra(trail, 500 if read_only else 0),
        resources=[{"accountId": caller.account_id, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}],
    )  # fmt: skip


def share_bucket(
    trail: CloudTrail, caller: AwsCaller, at: datetime, bucket: str, account_id: str
) -> EventRef:
    statement = {
        "Sid": "PartnerRead",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    policy = {"bucketPolicy": {"Version": "2012-10-17", "Statement": [statement]}}
    return bucket_call(trail, caller, at, "PutBucketPolicy", bucket, "policy", policy, read_only=False)


def replicate_bucket(
    trail: CloudTrail, caller: AwsCaller, at: datetime, bucket: str, destination: str, account_id: str
) -> EventRef:
    rule = {
        "ID": "replica",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{destination}", "Account": account_id},
    }
    role = f"arn:aws:iam::{caller.account_id}:role/service-role/s3-replication"
    request = {
        "ReplicationConfiguration": {
            "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
            "Role": role,
            "Rule": rule,
        }
    }
    return bucket_call(
        trail, caller, at, "PutBucketReplication", bucket, "replication", request, read_only=False
    )


def delete_objects(
    trail: CloudTrail, caller: AwsCaller, at: datetime, bucket: str, keys: Sequence[str]
) -> list[EventRef]:
    """One DeleteObject a key, as clients with a list of files write it."""
    host = f"{bucket}.s3.{trail.home_region}.amazonaws.com"
    refs = []
    for key in keys:
        refs.append(
            trail.call(
                caller, at, "s3", "DeleteObject", {"bucketName": bucket, "Host": host, "key": key}, None,
                read_only=False, is_data_event=True, host=host, extra=aws_calls.s3_extra(trail, 0),
                resources=[
                    {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
                    {"accountId": caller.account_id, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
                ],
            )
        )  # fmt: skip
    return refs
