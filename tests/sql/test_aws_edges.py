"""Trust edges of AWS: what each act that gives power ends in, and which session uses it afterwards."""

import json
from urllib.parse import quote

import pytest

from tests.sql.aws_records import (
    ACCOUNT,
    ALICE,
    ALICE_ROW,
    ALICE_THING,
    FOREIGN,
    SECOND,
    assume_row,
    aws_past,
    iam_user,
    other_account,
    role,
    trail_row,
)
from tests.sql.cloud_records import ATTACKER, ELSEWHERE, OFFICE, PAST, RESET, Pair, story

P = f"{ACCOUNT}/"
ABROAD = f"aws-account:{FOREIGN}"


def document(principal: object, **more: object) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "*",
        "Resource": f"arn:aws:s3:::{SECOND}",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})


TO_FOREIGN = document({"AWS": f"arn:aws:iam::{FOREIGN}:root"})
ACTS = [  # event, request, response → kind and end
    ("iam:CreateUser", {"userName": "eve"}, None, "creates_principal", f"principal:{P}eve"),
    ("iam:CreateRole", {"roleName": "ops", "assumeRolePolicyDocument": document({"Service": "ec2.amazonaws.com"})}, None, "creates_principal", f"principal:{P}role/ops"),
    ("iam:CreateServiceLinkedRole", {"aWSServiceName": "spot.amazonaws.com"}, None, "grants", f"grant:{P}spot.amazonaws.com"),
    ("iam:CreateGroup", {"groupName": "admins"}, None, "grants", f"grant:{P}admins"),
    ("iam:CreateLoginProfile", {"userName": "eve"}, None, "issues_login", f"login:{P}eve"),
    ("iam:UpdateLoginProfile", {"userName": "eve"}, None, "issues_login", f"login:{P}eve"),
    ("iam:CreateAccessKey", {"userName": "eve"}, {"accessKey": {"accessKeyId": "AKIAEVE", "userName": "eve", "status": "Active"}}, "issues_key", "aws-key:AKIAEVE"),
    ("iam:UpdateAccessKey", {"userName": "eve", "accessKeyId": "AKIAOLD", "status": "Active"}, None, "issues_key", "aws-key:AKIAOLD"),
    ("iam:CreateServiceSpecificCredential", {"userName": "eve", "serviceName": "codecommit.amazonaws.com"}, {"serviceSpecificCredential": {"serviceSpecificCredentialId": "ACCAEVE"}}, "issues_key", f"credential:{P}eve/ACCAEVE"),
    ("iam:ResetServiceSpecificCredential", {"userName": "eve", "serviceSpecificCredentialId": "ACCAEVE"}, None, "issues_key", f"credential:{P}eve/ACCAEVE"),
    ("iam:UploadSSHPublicKey", {"userName": "eve", "sSHPublicKeyBody": "ssh-rsa A"}, {"sSHPublicKey": {"sSHPublicKeyId": "APKAEVE"}}, "issues_key", f"credential:{P}eve/APKAEVE"),
    ("iam:UploadSigningCertificate", {"userName": "eve"}, {"certificate": {"certificateId": "CERT1"}}, "issues_key", f"credential:{P}eve/CERT1"),
    ("iam:EnableMFADevice", {"userName": "eve", "serialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/eve"}, None, "adds_method", f"method:{P}eve"),
    ("iam:AddUserToGroup", {"userName": "eve", "groupName": "admins"}, None, "grants", f"grant:{P}eve"),
    ("iam:AttachUserPolicy", {"userName": "eve", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, None, "grants", f"grant:{P}eve"),
    ("iam:AttachRolePolicy", {"roleName": "ops"}, None, "grants", f"grant:{P}ops"),
    ("iam:AttachGroupPolicy", {"groupName": "admins"}, None, "grants", f"grant:{P}admins"),
    ("iam:PutUserPolicy", {"userName": "eve", "policyDocument": "{}"}, None, "grants", f"grant:{P}eve"),
    ("iam:PutRolePolicy", {"roleName": "ops"}, None, "grants", f"grant:{P}ops"),
    ("iam:PutGroupPolicy", {"groupName": "admins"}, None, "grants", f"grant:{P}admins"),
    ("iam:CreatePolicyVersion", {"policyArn": "arn:p", "setAsDefault": True}, None, "grants", f"grant:{P}arn:p"),
    ("iam:SetDefaultPolicyVersion", {"policyArn": "arn:p"}, None, "grants", f"grant:{P}arn:p"),
    ("iam:DeleteUserPermissionsBoundary", {"userName": "eve"}, None, "grants", f"grant:{P}eve"),
    ("iam:DeleteRolePermissionsBoundary", {"roleName": "ops"}, None, "grants", f"grant:{P}ops"),
    ("iam:AddRoleToInstanceProfile", {"instanceProfileName": "ip", "roleName": "ops"}, None, "grants", f"grant:{P}ip"),
    ("iam:UpdateAssumeRolePolicy", {"roleName": "data", "policyDocument": TO_FOREIGN}, None, "opens_trust", ABROAD),
    ("iam:CreateSAMLProvider", {"name": "idp", "sAMLMetadataDocument": "<x/>"}, None, "opens_trust", f"trust:{P}idp"),
    ("iam:UpdateSAMLProvider", {"sAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"}, None, "opens_trust", f"trust:{P}idp"),
    ("iam:CreateOpenIDConnectProvider", {"url": "https://token.example.net"}, None, "opens_trust", f"trust:{P}token.example.net"),
    ("iam:AddClientIDToOpenIDConnectProvider", {"openIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.net"}, None, "opens_trust", f"trust:{P}token.example.net"),
    ("iam:UpdateOpenIDConnectProviderThumbprint", {"openIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.net"}, None, "opens_trust", f"trust:{P}token.example.net"),
    ("rolesanywhere:CreateTrustAnchor", {"name": "anchor"}, {"trustAnchor": {"trustAnchorArn": f"arn:aws:rolesanywhere:us-east-1:{ACCOUNT}:trust-anchor/ta-1"}}, "opens_trust", f"trust:{P}ta-1"),
    ("rolesanywhere:CreateProfile", {"name": "profile", "roleArns": []}, {"profile": {"profileArn": f"arn:aws:rolesanywhere:us-east-1:{ACCOUNT}:profile/pr-1"}}, "opens_trust", f"trust:{P}pr-1"),
    ("sso-directory:CreateUser", {"identityStoreId": "d-1"}, {"user": {"userId": "u-eve"}}, "creates_principal", f"principal:{P}u-eve"),
    ("sso-directory:UpdatePassword", {"identityStoreId": "d-1", "userId": "u-bob"}, None, "issues_login", f"login:{P}u-bob"),
    ("sso-directory:EnableUser", {"identityStoreId": "d-1", "userId": "u-bob"}, None, "issues_login", f"login:{P}u-bob"),
    ("sso-directory:CompleteVirtualMfaDeviceRegistration", {"identityStoreId": "d-1", "userId": "u-bob"}, None, "adds_method", f"method:{P}u-bob"),
    ("sso-directory:AddMemberToGroup", {"groupId": "g", "member": {"memberId": "u-eve"}}, None, "grants", f"grant:{P}u-eve"),
    ("sso-directory:CreateBearerToken", {"tenantId": "scim"}, None, "grants", f"grant:{P}scim"),
    ("sso:CreateAccountAssignment", {"principalId": "u-eve", "targetId": SECOND, "principalType": "USER"}, None, "grants", f"grant:{P}u-eve"),
    ("sso:AttachManagedPolicyToPermissionSet", {"permissionSetArn": "arn:ps"}, None, "grants", f"grant:{P}arn:ps"),
    ("sso:PutInlinePolicyToPermissionSet", {"permissionSetArn": "arn:ps"}, None, "grants", f"grant:{P}arn:ps"),
    ("sso:UpdateSsoConfiguration", {"instanceArn": "arn:in"}, None, "grants", f"grant:{P}arn:in"),
    ("organizations:InviteAccountToOrganization", {"target": {"id": FOREIGN, "type": "ACCOUNT"}}, None, "opens_trust", ABROAD),
    ("account:PutAlternateContact", {"alternateContactType": "SECURITY"}, None, "grants", f"grant:{P}SECURITY"),
    ("s3:PutBucketPolicy", {"bucketName": "b1", "bucketPolicy": json.loads(TO_FOREIGN), "policy": ""}, None, "shares", ABROAD),
    ("s3:PutBucketAcl", {"bucketName": "b2", "AccessControlPolicy": {"AccessControlList": {"Grant": {"Grantee": {"xsi:type": "CanonicalUser", "ID": "f00d"}, "Permission": "READ"}}, "Owner": {"ID": "beef"}}}, None, "shares", "aws-account:canonical/f00d"),
    ("s3:PutObjectAcl", {"bucketName": "b2", "key": "k", "x-amz-acl": "public-read"}, None, "shares", f"aws-anyone:{P}b2"),
    ("s3:PutBucketReplication", {"bucketName": "b3", "ReplicationConfiguration": {"Rule": {"Destination": {"Bucket": "arn:aws:s3:::theirs", "Account": FOREIGN}}}}, None, "shares", ABROAD),
    ("s3:PutAccessPointPolicy", {"name": "ap", "Policy": TO_FOREIGN}, None, "shares", ABROAD),
    ("kms:PutKeyPolicy", {"keyId": "k1", "policyName": "default", "policy": TO_FOREIGN}, None, "shares", ABROAD),
    ("kms:CreateGrant", {"keyId": "k1", "granteePrincipal": f"arn:aws:iam::{FOREIGN}:root"}, None, "shares", ABROAD),
    ("secretsmanager:PutResourcePolicy", {"secretId": "s1", "resourcePolicy": TO_FOREIGN}, None, "shares", ABROAD),
    ("ssm:ModifyDocumentPermission", {"name": "d1", "accountIdsToAdd": [FOREIGN]}, None, "shares", ABROAD),
    ("lambda:AddPermission20150331v2", {"functionName": "f1", "principal": FOREIGN, "action": "lambda:InvokeFunction"}, None, "shares", ABROAD),
    ("lambda:AddPermission20150331v2", {"functionName": "f2", "principal": "*", "action": "lambda:InvokeFunction"}, None, "shares", f"aws-anyone:{P}f2"),
    ("lambda:AddLayerVersionPermission20181031", {"layerName": "l1", "principal": FOREIGN}, None, "shares", ABROAD),
    ("lambda:CreateFunctionUrlConfig", {"functionName": "f3", "authType": "NONE"}, None, "shares", f"aws-anyone:{P}f3"),
    ("ecr:SetRepositoryPolicy", {"repositoryName": "r1", "policyText": TO_FOREIGN}, None, "shares", ABROAD),
    ("sns:SetTopicAttributes", {"topicArn": "arn:t", "attributeName": "Policy", "attributeValue": TO_FOREIGN}, None, "shares", ABROAD),
    ("sns:AddPermission", {"topicArn": "arn:t", "aWSAccountIds": [FOREIGN]}, None, "shares", ABROAD),
    ("sqs:SetQueueAttributes", {"queueUrl": "q", "attributes": {"Policy": TO_FOREIGN}}, None, "shares", ABROAD),
    ("sqs:AddPermission", {"queueUrl": "q", "aWSAccountIds": [FOREIGN]}, None, "shares", ABROAD),
    ("es:UpdateDomainConfig", {"domainName": "d", "accessPolicies": TO_FOREIGN}, None, "shares", ABROAD),
    ("glue:PutResourcePolicy", {"policyInJson": TO_FOREIGN}, None, "shares", ABROAD),
    ("lakeformation:GrantPermissions", {"principal": {"dataLakePrincipalIdentifier": FOREIGN}}, None, "shares", ABROAD),
    ("events:PutPermission", {"eventBusName": "default", "principal": FOREIGN}, None, "shares", ABROAD),
    ("backup:PutBackupVaultAccessPolicy", {"backupVaultName": "v", "policy": TO_FOREIGN}, None, "shares", ABROAD),
    ("ec2:ModifySnapshotAttribute", {"snapshotId": "snap-1", "createVolumePermission": {"add": {"items": [{"userId": FOREIGN}]}}}, None, "shares", ABROAD),
    ("ec2:ModifySnapshotAttribute", {"snapshotId": "snap-2", "createVolumePermission": {"add": {"items": [{"group": "all"}]}}}, None, "shares", f"aws-anyone:{P}snap-2"),
    ("ec2:ModifyImageAttribute", {"imageId": "ami-1", "launchPermission": {"add": {"items": [{"userId": SECOND}, {"userId": FOREIGN}]}}}, None, "shares", ABROAD),
    ("rds:ModifyDBSnapshotAttribute", {"dBSnapshotIdentifier": "db", "attributeName": "restore", "valuesToAdd": [FOREIGN]}, None, "shares", ABROAD),
    ("rds:ModifyDBClusterSnapshotAttribute", {"dBClusterSnapshotIdentifier": "db", "valuesToAdd": ["all"]}, None, "shares", f"aws-anyone:{P}db"),
    ("redshift:AuthorizeSnapshotAccess", {"snapshotIdentifier": "rs", "accountWithRestoreAccess": FOREIGN}, None, "shares", ABROAD),
    ("ram:CreateResourceShare", {"name": "share", "principals": [FOREIGN], "resourceArns": []}, None, "shares", ABROAD),
    ("ram:AssociateResourceShare", {"resourceShareArn": "arn:rs", "principals": [f"arn:aws:iam::{FOREIGN}:root"]}, None, "shares", ABROAD),
    ("transfer:CreateServer", {"protocols": ["SFTP"]}, {"serverId": "s-1"}, "shares", f"path-out:{P}s-1"),
    ("transfer:CreateUser", {"serverId": "s-1", "userName": "out"}, None, "shares", f"path-out:{P}out"),
    ("rds:StartExportTask", {"exportTaskIdentifier": "ex"}, None, "shares", f"path-out:{P}ex"),
    ("eks:CreateAccessEntry", {"name": "c", "principalArn": "arn:x"}, None, "grants", f"grant:{P}arn:x"),
    ("ec2-instance-connect:SendSSHPublicKey", {"instanceId": "i-0aaaaaaaa"}, None, "runs_code", f"code:{P}i-0aaaaaaaa"),
    ("ec2-instance-connect:SendSerialConsoleSSHPublicKey", {"instanceId": "i-0aaaaaaaa"}, None, "runs_code", f"code:{P}i-0aaaaaaaa"),
    ("ec2:GetPasswordData", {"instanceId": "i-0aaaaaaaa"}, None, "reads_secret", f"secret:{P}i-0aaaaaaaa"),
    ("ec2:CreateKeyPair", {"keyName": "kp"}, {"keyPairId": "key-1"}, "issues_key", f"credential:{P}kp/key-1"),
    ("ec2:RunInstances", {"iamInstanceProfile": {"name": "ip"}}, {"instancesSet": {"items": [{"instanceId": "i-0bbbbbbbb"}]}}, "runs_code", f"code:{P}i-0bbbbbbbb"),
    ("ec2:AssociateIamInstanceProfile", {"AssociateIamInstanceProfileRequest": {"InstanceId": "i-0cccccccc"}}, None, "runs_code", f"code:{P}i-0cccccccc"),
    ("ec2:ModifyInstanceAttribute", {"instanceId": "i-0dddddddd", "userData": "<sensitiveDataRemoved>"}, None, "runs_code", f"code:{P}i-0dddddddd"),
    ("ssm:StartSession", {"target": "i-0eeeeeeee"}, None, "runs_code", f"code:{P}i-0eeeeeeee"),
    ("ssm:SendCommand", {"documentName": "AWS-RunShellScript", "instanceIds": ["i-0ffffffff"]}, None, "runs_code", f"code:{P}i-0ffffffff"),
    ("lambda:CreateFunction20150331", {"functionName": "fn", "role": "arn:r"}, None, "runs_code", f"code:{P}fn"),
    ("lambda:UpdateFunctionCode20150331v2", {"functionName": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:fn2"}, None, "runs_code", f"code:{P}fn2"),
    ("lambda:UpdateFunctionConfiguration20150331v2", {"functionName": "fn3"}, None, "runs_code", f"code:{P}fn3"),
    ("lightsail:DownloadDefaultKeyPair", None, None, "reads_secret", f"secret:{P}DownloadDefaultKeyPair"),
    ("secretsmanager:GetSecretValue", {"secretId": "app/db"}, None, "reads_secret", "secret:app/db"),
    ("ssm:GetParameter", {"name": "/app/token", "withDecryption": True}, None, "reads_secret", "secret:/app/token"),
]  # fmt: skip


def edges(build, *parts: Pair | list[Pair], where: str = "true", columns: str = "") -> list[tuple]:
    query = build(story(PAST, aws_past("ada", "deploy"), RESET, ALICE_ROW, *parts))
    picked = columns or "from_thing_id, kind, to_thing_id, round(confidence, 2)"
    return query(
        f"select {picked} from int_trust_edges where {where} order by to_thing_id, from_thing_id, kind"
    )


def act(when: str, event: str, request: object = None, response: object = None):
    return trail_row(when, event, ALICE, request, response)


def test_what_each_act_ends_in(build) -> None:
    """One by one they would take minutes: all in one lake, told apart by their second."""
    rows, expected = [], []
    for number, (event, request, response, kind, end) in enumerate(ACTS):
        when = f"9 1{1 + number // 60}:{number % 60:02}"
        rows.append(act(when, event, request, response))
        expected.append((event, kind, end))
    query = build(story(PAST, RESET, ALICE_ROW, *rows))
    found = query(
        f"""select events.service.split('.')[1] || ':' || events.action, int_trust_edges.kind, int_trust_edges.to_thing_id
        from int_trust_edges inner join events using (event_id)
        where int_trust_edges.from_thing_id = '{ALICE_THING}' order by events.occurred_at, to_thing_id"""
    )
    assert [row for row in expected if row not in found] == []
    # an image is shared with the second account of the organisation too, whose trail is not in this lake
    assert [row for row in found if row not in expected] == [
        ("ec2:ModifyImageAttribute", "shares", f"aws-account:{SECOND}")
    ]


def test_every_action_of_the_seed_is_in_the_table(build) -> None:
    """Those that are not have the form of one that is: the same service and the same `gives`."""
    query = build(story(RESET))
    told = {event for event, *_ in ACTS}
    forms = {
        (gives)
        for service, action, gives in query("select service, action, gives from aws_powers")
        if f"{service}:{action}" in told
    }
    assert [
        row for row in query("select service, action, gives from aws_powers") if row[2] not in forms
    ] == []


@pytest.mark.parametrize(
    ("policy", "ends"),
    [
        (document("*"), [f"aws-anyone:{P}data"]),
        (document({"AWS": "*"}), [f"aws-anyone:{P}data"]),
        (document({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), [f"grant:{P}data"]),
        (document({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalAccount": FOREIGN}}), [ABROAD]),
        (document({"AWS": [f"arn:aws:iam::{ACCOUNT}:root", FOREIGN]}), [ABROAD]),
        (document({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), [f"grant:{P}data"]),
        (document({"AWS": f"arn:aws:iam::{FOREIGN}:root"}, Effect="Deny"), [f"grant:{P}data"]),
        (quote(TO_FOREIGN), [ABROAD]),
        (json.dumps({"Statement": json.loads(TO_FOREIGN)["Statement"][0]}), [ABROAD]),
        (document({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.net"}), [f"trust:{P}data/token.example.net"]),
        (document({"AWS": "AROAGONE"}), [f"grant:{P}data"]),
        ("not a document", [f"grant:{P}data"]),
    ],
    ids=["*", "AWS *", "of the organisation", "of an account", "list", "own", "denied", "URL-encoded", "no list", "federated", "an id", "broken"],
)  # fmt: skip
def test_a_policy_names_whom_it_lets_in(build, policy: str, ends: list[str]) -> None:
    row = act("9 11:00", "iam:UpdateAssumeRolePolicy", {"roleName": "data", "policyDocument": policy})
    found = edges(build, row, where=f"from_thing_id = '{ALICE_THING}'", columns="to_thing_id")
    assert [end for (end,) in found if not end.startswith("grant:") or len(found) == 1] == ends


def test_an_account_whose_trail_is_here_is_not_foreign(build) -> None:
    row = act("9 11:00", "s3:PutBucketPolicy", {"bucketName": "b", "bucketPolicy": json.loads(TO_FOREIGN)})
    there = trail_row(
        "2 09:00", "s3:ListBuckets", iam_user("max", "AKIAMAX", account=FOREIGN), account=FOREIGN
    )
    found = edges(build, row, there, where=f"from_thing_id = '{ALICE_THING}'", columns="to_thing_id")
    assert found == [(f"grant:{P}b",)]


def test_a_policy_written_again_lets_nobody_in(build) -> None:
    """Infrastructure as code writes the whole document each time: the vendor was in it before."""
    request = {"roleName": "data", "policyDocument": TO_FOREIGN}
    before = trail_row(
        "3 09:00",
        "iam:UpdateAssumeRolePolicy",
        iam_user("deploy", "AKIAPASTDEPLOY"),
        request,
        source_ip=OFFICE,
    )
    found = edges(
        build,
        before,
        act("9 11:00", "iam:UpdateAssumeRolePolicy", request),
        where=f"to_thing_id = '{ABROAD}'",
        columns="from_thing_id",
    )
    assert len(found) == 1
    assert found[0][0].startswith("aws-key:AKIAPASTDEPLOY@")


def test_the_foreign_account_uses_what_it_was_given(build) -> None:
    opened = act("9 11:00", "iam:UpdateAssumeRolePolicy", {"roleName": "data", "policyDocument": TO_FOREIGN})
    taken = assume_row("9 12:00", other_account(), "data", "x", "ASIADATA", source_ip=ELSEWHERE)
    used = trail_row(
        "9 12:05", "s3:ListBuckets", role("data", "x", "ASIADATA", "9 12:00"), source_ip=ELSEWHERE
    )
    copied = trail_row(
        "9 13:00", "ec2:SharedSnapshotCopyInitiated", {"accountId": FOREIGN, "invokedBy": "ec2.amazonaws.com"},
        source_ip="ec2.amazonaws.com", eventType="AwsServiceEvent", serviceEventDetails={"snapshotId": "snap-1"},
    )  # fmt: skip
    query = build(story(PAST, RESET, ALICE_ROW, opened, taken, used, copied))
    assert query("select thing_id, depth from reach order by depth") == [
        (ALICE_THING, 0), (ABROAD, 1), ("aws-key:ASIADATA", 2)
    ]  # fmt: skip
    assert query(
        f"select action from int_event_holders where thing_id = '{ABROAD}' order by occurred_at"
    ) == [("AssumeRole",), ("SharedSnapshotCopyInitiated",)]


def test_anybody_reads_an_open_bucket(build) -> None:
    opened = act(
        "9 11:00", "s3:PutBucketPolicy", {"bucketName": "b", "bucketPolicy": json.loads(document("*"))}
    )
    nobody = {"type": "AWSAccount", "principalId": "ANONYMOUS_PRINCIPAL", "accountId": "anonymous"}
    read = trail_row("9 12:00", "s3:GetObject", nobody, {"bucketName": "b", "key": "k"}, source_ip=ELSEWHERE)
    query = build(story(PAST, RESET, ALICE_ROW, opened, read))
    assert query("select holders.action from int_event_holders as holders semi join reach using (thing_id) order by occurred_at") == [
        ("GetCallerIdentity",), ("PutBucketPolicy",), ("GetObject",)
    ]  # fmt: skip


MADE = act("9 11:00", "iam:CreateUser", {"userName": "eve"})
LOGIN = act("9 11:05", "iam:CreateLoginProfile", {"userName": "eve"})
EVE_LOGIN = trail_row(
    "9 12:00", "signin:ConsoleLogin", iam_user("eve"), None, {"ConsoleLogin": "Success"}, ELSEWHERE,
    eventType="AwsConsoleSignIn",
)  # fmt: skip
EVE_ROW = trail_row(
    "9 12:03", "s3:ListBuckets", iam_user("eve", "ASIAROTATES", "9 12:00"), source_ip=ELSEWHERE,
    sessionCredentialFromConsole="true",
)  # fmt: skip


def test_a_made_user_signs_in(build) -> None:
    query = build(story(PAST, aws_past("ada"), RESET, ALICE_ROW, MADE, LOGIN, EVE_LOGIN, EVE_ROW))
    session = "aws-session:AIDAEVE/2026-03-09T12:00:00Z"
    assert query(f"select distinct first_reached_at::varchar from reach where thing_id = '{session}'") == [
        ("2026-03-09 12:00:00",)
    ]
    assert query(f"select action from int_event_holders where thing_id = '{session}' order by occurred_at") == [
        ("ConsoleLogin",), ("ListBuckets",)
    ]  # fmt: skip


@pytest.mark.parametrize(("source_ip", "is_reached"), [(OFFICE, False), (ATTACKER, True)])
def test_a_password_set_for_somebody_who_signs_in_as_ever(build, source_ip: str, is_reached: bool) -> None:
    row = act("9 11:00", "iam:UpdateLoginProfile", {"userName": "ada"})
    used = trail_row(
        "9 12:00",
        "s3:ListBuckets",
        iam_user("ada", "ASIAX", "9 12:00"),
        source_ip=source_ip,
        sessionCredentialFromConsole="true",
    )
    found = edges(build, row, used, where="to_thing_id like 'aws-session:AIDAADA/%'", columns="from_thing_id")
    assert found == ([(f"login:{P}ada",)] if is_reached else [])


def test_whoever_only_gets_a_policy_is_not_reached(build) -> None:
    row = act("9 11:00", "iam:AttachUserPolicy", {"userName": "deploy", "policyArn": "arn:p"})
    used = trail_row("9 12:00", "s3:ListBuckets", iam_user("deploy", "AKIAPASTDEPLOY"), source_ip=OFFICE)
    query = build(story(PAST, aws_past("deploy"), RESET, ALICE_ROW, row, used))
    assert query("select thing_id from reach order by 1") == [(ALICE_THING,), (f"grant:{P}deploy",)]


def test_a_made_role_is_used(build) -> None:
    made = act(
        "9 11:00",
        "iam:CreateRole",
        {"roleName": "ops", "assumeRolePolicyDocument": document({"Service": "lambda.amazonaws.com"})},
    )
    used = trail_row(
        "9 12:00", "s3:ListBuckets", role("ops", "fn", "ASIAOPS", "9 12:00"), source_ip=ELSEWHERE
    )
    found = edges(build, made, used, where="to_thing_id = 'aws-key:ASIAOPS'")
    assert found == [(f"principal:{P}role/ops", "opens_session", "aws-key:ASIAOPS", 0.9)]


@pytest.mark.parametrize(
    ("source_ip", "confidence"), [(ELSEWHERE, 0.8), (OFFICE, 0.4)], ids=["off its host", "on it"]
)
def test_the_role_of_a_host(build, source_ip: str, confidence: float) -> None:
    host = role("web", "i-0aaaaaaaa", "ASIAHOST", "9 09:30")
    host["sessionContext"]["ec2RoleDelivery"] = "2.0"
    found = edges(
        build,
        [trail_row(f"{day} 09:00", "s3:ListBuckets", host, source_ip=OFFICE) for day in (3, 5, 8)],
        act("9 11:00", "ec2-instance-connect:SendSSHPublicKey", {"instanceId": "i-0aaaaaaaa"}),
        trail_row("9 12:00", "s3:ListBuckets", host, source_ip=source_ip),
        where="to_thing_id = 'aws-key:ASIAHOST'",
    )
    assert found == [(f"code:{P}i-0aaaaaaaa", "runs_code", "aws-key:ASIAHOST", confidence)]


def test_a_provider_vouches_for_a_session(build) -> None:
    web = {
        "type": "WebIdentityUser",
        "principalId": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.net:aud:sub",
        "userName": "sub",
        "identityProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.net",
    }
    found = edges(
        build,
        act("9 11:00", "iam:CreateOpenIDConnectProvider", {"url": "https://token.example.net"}),
        assume_row("9 12:00", web, "ci", "run", "ASIACI", "AssumeRoleWithWebIdentity", source_ip=ELSEWHERE),
        trail_row("9 12:01", "s3:ListBuckets", role("ci", "run", "ASIACI", "9 12:00"), source_ip=ELSEWHERE),
        where="to_thing_id = 'aws-key:ASIACI' and from_thing_id like 'trust:%'",
    )
    assert found == [(f"trust:{P}token.example.net", "opens_session", "aws-key:ASIACI", 0.9)]


def test_a_trust_anchor_gives_sessions(build) -> None:
    anchor = f"arn:aws:rolesanywhere:us-east-1:{ACCOUNT}:trust-anchor/ta-1"
    response = {
        "credentialSet": [
            {"credentials": {"accessKeyId": "ASIAANY"}, "assumedRoleUser": {"assumedRoleId": "AROAOPS:01"}}
        ]
    }
    found = edges(
        build,
        act(
            "9 11:00",
            "rolesanywhere:CreateTrustAnchor",
            {"name": "anchor"},
            {"trustAnchor": {"trustAnchorArn": anchor}},
        ),
        trail_row(
            "9 12:00",
            "rolesanywhere:CreateSession",
            {"type": "Unknown", "accountId": ACCOUNT, "principalId": "cert"},
            {"trustAnchorArn": anchor, "roleArn": "arn:r"},
            response,
            ELSEWHERE,
        ),
        trail_row("9 12:01", "s3:ListBuckets", role("ops", "01", "ASIAANY", "9 12:00"), source_ip=ELSEWHERE),
        where="to_thing_id = 'aws-key:ASIAANY' and from_thing_id like 'trust:%'",
    )
    assert found == [(f"trust:{P}ta-1", "opens_session", "aws-key:ASIAANY", 0.9)]


SECRETS = [  # the secret read, where the key is used, the confidence (none: no edge)
    ("app/db", OFFICE, None),
    ("aws-backup", OFFICE, None),
    ("app/db", ATTACKER, 0.75),
    ("aws-backup", ATTACKER, 1.0),
    ("aws-backup", ELSEWHERE, 0.7),
    ("app/db", ELSEWHERE, None),
    ("prod/AKIASOLD", OFFICE, 0.95),
    ("users/backup-robot", ELSEWHERE, 0.9),
]


@pytest.mark.parametrize(
    ("secret", "source_ip", "confidence"), SECRETS, ids=[f"{s} from {a}" for s, a, _ in SECRETS]
)
def test_a_secret_and_the_key_that_was_in_it(
    build, secret: str, source_ip: str, confidence: float | None
) -> None:
    found = edges(
        build,
        act("9 11:00", "secretsmanager:GetSecretValue", {"secretId": secret}),
        trail_row("9 12:00", "s3:ListBuckets", iam_user("backup-robot", "AKIASOLD"), source_ip=source_ip),
        where="from_thing_id like 'secret:%'",
        columns="from_thing_id, split_part(to_thing_id, '@', 1), round(confidence, 2)",
    )
    assert found == ([(f"secret:{secret}", "aws-key:AKIASOLD", confidence)] if confidence else [])


def test_each_secret_of_a_list_is_one(build) -> None:
    found = edges(
        build,
        act("9 11:00", "secretsmanager:BatchGetSecretValue", {"secretIdList": ["one", "two"]}),
        act("9 11:01", "ssm:GetParameters", {"names": ["/a", "/b"], "withDecryption": True}),
        where="kind = 'reads_secret'",
        columns="to_thing_id",
    )
    assert found == [("secret:/a",), ("secret:/b",), ("secret:one",), ("secret:two",)]


def test_a_directory_user_that_was_made_signs_in(build) -> None:
    behalf = {"userId": "u-eve", "identityStoreArn": "arn:store"}
    eve = {
        "type": "IdentityCenterUser",
        "accountId": ACCOUNT,
        "onBehalfOf": behalf,
        "credentialId": "cred-eve",
    }
    found = edges(
        build,
        act("9 11:00", "sso-directory:CreateUser", {"identityStoreId": "d-1"}, {"user": {"userId": "u-eve"}}),
        trail_row("9 12:00", "sso:ListAccounts", eve, source_ip=ELSEWHERE),
        where=f"from_thing_id = 'principal:{P}u-eve'",
    )
    assert found == [(f"principal:{P}u-eve", "opens_session", "aws-session:cred-eve", 0.9)]
