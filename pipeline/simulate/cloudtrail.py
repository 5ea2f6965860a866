"""CloudTrail records (event version 1.11): who calls, and the frame that every record shares.

Field meanings: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.estate import GLOBAL_REGION, HOME_REGION, IamUser, Role
from pipeline.simulate.logbook import EventRef, Logbook, Record
from pipeline.simulate.times import seconds_text

# Services whose events land in us-east-1, wherever the caller is.
GLOBAL_SERVICES = {"iam", "organizations", "signin"}
CLI_AGENT = "aws-cli/2.27.49 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4 md/pyimpl#CPython"
SDK_AGENT = "Boto3/1.40.11 md/Botocore#1.40.11 ua/2.1 os/linux#6.1.147 md/arch#x86_64 lang/python#3.12.11"
TERRAFORM_AGENT = "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 terraform-provider-aws/6.8.0 aws-sdk-go-v2/1.37.2"


@dataclass(frozen=True, slots=True)
class AwsCaller:
    """Somebody with credentials at an address: what goes into `userIdentity`, and from where."""

    account_id: str
    identity: Record
    source_ip: str
    user_agent: str
    is_console: bool = False
    invoked_by: str | None = None

    @property
    def key_id(self) -> str:
        return self.identity["accessKeyId"]


def user_caller(user: IamUser, source_ip: str, user_agent: str, key_id: str | None = None) -> AwsCaller:
    identity = {
        "type": "IAMUser",
        "principalId": user.user_id,
        "arn": user.arn,
        "accountId": user.account_id,
        "accessKeyId": key_id or user.access_key_id,
        "userName": user.name,
    }
    return AwsCaller(
        user.account_id, {name: value for name, value in identity.items() if value}, source_ip, user_agent
    )


def role_caller(
    role: Role,
    session_name: str,
    key_id: str,
    begun_at: datetime,
    source_ip: str,
    user_agent: str,
    has_mfa: bool = False,
) -> AwsCaller:
    identity = {
        "type": "AssumedRole",
        "principalId": f"{role.role_id}:{session_name}",
        "arn": f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
        "accountId": role.account_id,
        "accessKeyId": key_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role.role_id,
                "arn": role.arn,
                "accountId": role.account_id,
                "userName": role.name,
            },
            "attributes": {"creationDate": seconds_text(begun_at), "mfaAuthenticated": str(has_mfa).lower()},
        },
    }
    return AwsCaller(role.account_id, identity, source_ip, user_agent)


def service_caller(account_id: str, service: str) -> AwsCaller:
    """An AWS service acting for itself: its name stands in the place of an address and of a user agent."""
    return AwsCaller(account_id, {"type": "AWSService", "invokedBy": service}, service, service)


@dataclass(slots=True)
class CloudTrail:
    """Writes records into the logbook. `call` is any API call; special responses are built by its callers."""

    logbook: Logbook
    rng: Random
    home_region: str = HOME_REGION
    name_qualifier: str = "3dTq0p8mYvJ1c9wQ0f6dXy2kR5E="  # of Identity Center's SAML subjects
    saml_provider: str = "AWSSSO_5f2d8c1ab4e97c03_DO_NOT_DELETE"

    def call(
        self,
        caller: AwsCaller,
        at: datetime,
        service: str,
        name: str,
        request: Record | None = None,
        response: Record | None = None,
        *,
        read_only: bool = True,
        error: tuple[str, str] | None = None,
        resources: Sequence[Record] = (),
        extra: Record | None = None,
        is_data_event: bool = False,
        recipient: str | None = None,
        shared_event_id: str | None = None,
        request_id: str | None = None,
        host: str | None = None,
        region: str | None = None,
        event_type: str = "AwsApiCall",
    ) -> EventRef:
        region = region or (GLOBAL_REGION if service in GLOBAL_SERVICES else self.home_region)
        recipient = recipient or caller.account_id
        identity = caller.identity
        if caller.is_console:  # the console mints a key for each request
            identity = {
                **identity,
                "accessKeyId": identifiers.access_key_id("ASIA", caller.account_id, self.rng),
            }
        if caller.invoked_by:
            identity = {**identity, "invokedBy": caller.invoked_by}
        event_id = identifiers.guid(self.rng)
        record: Record = {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": seconds_text(at),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": caller.source_ip,
            "userAgent": caller.user_agent,
        }
        if error:
            record |= {"errorCode": error[0], "errorMessage": error[1]}
        record |= {"requestParameters": request, "responseElements": response}
        if extra:
            record["additionalEventData"] = extra
        record |= {
            "requestID": request_id
            or (identifiers.s3_request_id(self.rng) if service == "s3" else identifiers.guid(self.rng)),
            "eventID": event_id,
            "readOnly": read_only,
        }
        if resources:
            record["resources"] = list(resources)
        record |= {
            "eventType": event_type,
            "managementEvent": not is_data_event,
            "recipientAccountId": recipient,
        }
        if shared_event_id:
            record["sharedEventID"] = shared_event_id
        record["eventCategory"] = "Data" if is_data_event else "Management"
        if not caller.source_ip.endswith(".amazonaws.com"):
            record["tlsDetails"] = {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": host or host_of(service, region),
            }
        if caller.is_console:
            record["sessionCredentialFromConsole"] = "true"
        at = at.replace(microsecond=0)
        arrived_at = self.logbook.arrival_after("aws_cloudtrail", at)
        return self.logbook.keep("aws_cloudtrail", f"{recipient}/{region}", at, arrived_at, event_id, record)


def host_of(service: str, region: str) -> str:
    if service in {"iam", "organizations"}:
        return f"{service}.amazonaws.com"
    return f"{service}.{region}.amazonaws.com"


def from_address(caller: AwsCaller, source_ip: str, user_agent: str) -> AwsCaller:
    """The same credentials in other hands."""
    return replace(caller, source_ip=source_ip, user_agent=user_agent)
