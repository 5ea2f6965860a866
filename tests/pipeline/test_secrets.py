"""No secret that a log holds is stored: the bytes of the lake are searched for those that were planted."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.ingest import ingest
from pipeline.lake import Lake
from tests.pipeline.test_opening import event

NOW = datetime(2026, 3, 10, 12)
WHEN = "2026-03-01T10:00:00Z"
STORE = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/s1"


def seen_by_gateway(text: str) -> dict[str, Any]:
    return {
        "time": WHEN,
        "category": "GatewayLogs",
        "operationName": "Microsoft.ApiManagement/GatewayLogs",
        "resourceId": "/SUBSCRIPTIONS/BBBBBBBB-0000-4000-8000-000000000002/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/A",
        "properties": {"method": "GET", "requestBody": text},
    }


# what is planted → the record that holds it
PLANTED: dict[str, Any] = {
    "plantedSESSIONTOKEN01": event(
        "s-1", responseElements={"credentials": {"sessionToken": "plantedSESSIONTOKEN01"}}
    ),
    "plantedSECRETKEY02": event(
        "s-2", responseElements={"accessKey": {"secretAccessKey": "plantedSECRETKEY02"}}
    ),
    "plantedPASSWORD03": event("s-3", requestParameters={"masterUserPassword": "plantedPASSWORD03"}),
    "plantedSTRING04": event(
        "s-4", requestParameters={"body": json.dumps({"secretString": "plantedSTRING04"})}
    ),
    "plantedAMZ05": event(
        "s-5", requestParameters={"uri": "https://b.example.com/k?X-Amz-Security-Token=plantedAMZ05&a=1"}
    ),
    "plantedAUTHCODE15": event(
        "s-15", additionalEventData={"LoginTo": "https://x.example.com/start?auth_code=plantedAUTHCODE15&a=1"}
    ),
    "plantedCSRF16": event(
        "s-16", additionalEventData={"LoginTo": "https://x.example.com/?a=1&wdc_csrf_token=plantedCSRF16"}
    ),
    "plantedENCODED17": event(
        "s-17",
        requestParameters={
            "u": "https://x.example.com/?to=https%3A%2F%2Fs%2F%3Fsv%3D1%26sig%3DplantedENCODED17"
        },
    ),
    "plantedSTATE18": event("s-18", requestParameters={"u": "/login?stateToken=plantedSTATE18&b=2"}),
    "plantedSAML19": event("s-19", requestParameters={"body": "RelayState=x&SAMLResponse=plantedSAML19"}),
    "plantedCODE21": event(
        "s-21", requestParameters={"u": "https://x.example.com/cb?code=plantedCODE21&b=2"}
    ),
    "plantedCODE22": event("s-22", requestParameters={"u": "/to?u=%2Fcb%3Fa%3D1%26code%3DplantedCODE22%26b"}),
    "plantedTOKEN23": event("s-23", requestParameters={"u": "/reset?token=plantedTOKEN23"}),
    "plantedCAMEL24": event("s-24", responseElements={"accessToken": "plantedCAMEL24", "expiresIn": 60}),
    "plantedSERVICE25": event(
        "s-25", responseElements={"serviceSpecificCredential": {"servicePassword": "plantedSERVICE25"}}
    ),
    "plantedAPIKEY26": event(
        "s-26", responseElements={"serviceSpecificCredential": {"serviceCredentialSecret": "plantedAPIKEY26"}}
    ),
    "plantedSTREAM27": event("s-27", responseElements={"tokenValue": "plantedSTREAM27"}),
    "plantedDATABASE28": event("s-28", responseElements={"dbPassword": "plantedDATABASE28"}),
    "plantedBEARER29": seen_by_gateway("Authorization: Bearer plantedBEARER29.with-more"),
    "plantedBASIC30": seen_by_gateway(json.dumps({"Authorization": "Basic plantedBASIC30=="})),
    "plantedJWT31": seen_by_gateway("cookie x=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.plantedJWT31"),
    "plantedPEM32": seen_by_gateway(
        "-----BEGIN RSA PRIVATE KEY-----\nplantedPEM32\n-----END RSA PRIVATE KEY-----"
    ),
    "plantedSIG06": {
        "time": WHEN,
        "category": "StorageRead",
        "operationName": "GetBlob",
        "resourceId": STORE,
        "uri": "https://s1.blob.core.windows.net/c/b?sv=2024&sig=plantedSIG06&se=2026",
        "correlationId": "c-6",
    },
    "plantedACCOUNTKEY07": {
        "time": WHEN,
        "category": "AuditLogs",
        "operationName": "Update application",
        "properties": {
            "id": "a-7",
            "activityDateTime": WHEN,
            "additionalDetails": [
                {
                    "key": "connection",
                    "value": "DefaultEndpointsProtocol=https;AccountKey=plantedACCOUNTKEY07;",
                }
            ],
        },
    },
    "plantedCLIENTSECRET08": {
        "time": WHEN,
        "category": "AuditLogs",
        "operationName": "Add service principal",
        "properties": {
            "id": "a-8",
            "activityDateTime": WHEN,
            "targetResources": [
                {
                    "modifiedProperties": [
                        {
                            "displayName": "ClientSecret",
                            "oldValue": None,
                            "newValue": json.dumps({"clientSecret": "plantedCLIENTSECRET08"}),
                        }
                    ]
                }
            ],
        },
    },
    "plantedEXCHANGE09": {
        "CreationTime": "2026-03-01T10:00:00",
        "Id": "u-9",
        "Operation": "Set-Mailbox",
        "RecordType": 1,
        "Workload": "Exchange",
        "Parameters": [
            {"Name": "Identity", "Value": "a"},
            {"Name": "Password", "Value": "plantedEXCHANGE09"},
        ],
    },
    "plantedCMDLET10": {
        "CreationTime": "2026-03-01T10:00:00",
        "Id": "u-10",
        "Operation": "New-Mailbox",
        "RecordType": 1,
        "Workload": "Exchange",
        "Parameters": '-Identity "a" -Password "plantedCMDLET10"',
    },
    "plantedUAL11": {
        "RecordType": "8",
        "CreationDate": "3/1/2026 10:00:00 AM",
        "AuditData": json.dumps(
            {
                "CreationTime": "2026-03-01T10:00:00",
                "Id": "u-11",
                "Operation": "Add service principal.",
                "RecordType": 8,
                "Workload": "AzureActiveDirectory",
                "ExtendedProperties": [
                    {"Name": "additionalDetails", "Value": json.dumps({"refresh_token": "plantedUAL11"})}
                ],
            }
        ),
    },
    "plantedOATH33": {
        "time": WHEN,
        "category": "AuditLogs",
        "operationName": "User registered security info",
        "properties": {
            "id": "a-33",
            "activityDateTime": WHEN,
            "targetResources": [
                {
                    "modifiedProperties": [
                        {
                            "displayName": "StrongAuthenticationPhoneAppDetail",
                            "oldValue": "[]",
                            "newValue": json.dumps(
                                [{"DeviceName": "NO_DEVICE", "OathSecretKey": "plantedOATH33"}]
                            ),
                        }
                    ]
                }
            ],
        },
    },
    "plantedPARAMETER34": {
        "CreationTime": "2026-03-01T10:00:00",
        "Id": "u-34",
        "Operation": "Set-User",
        "RecordType": 1,
        "Workload": "Exchange",
        "Parameters": json.dumps([{"Name": "NewPassword", "Value": "plantedPARAMETER34"}]),
    },
    "plantedQUARANTINE12": {"nobody": "knows", "password": "plantedQUARANTINE12"},
    "plantedQUARANTINE35": {"nobody": "knows", "header": "authorization=Bearer plantedQUARANTINE35"},
    "plantedWRAPPED13": {
        "_raw": json.dumps(event("s-13", requestParameters={"newPassword": "plantedWRAPPED13"}))
    },
}


def test_no_planted_secret_is_in_the_lake(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number, record in enumerate(PLANTED.values()):
        (logs / f"{number:02}.json").write_text(json.dumps(record))
    (logs / "envelope.json").write_text(json.dumps({"Records": list(PLANTED.values())[:5]}))
    (logs / "broken.json").write_text('{"password": "plantedBROKEN14", "cut": ')
    spelled = event(
        "s-20", additionalEventData={"LoginTo": "https://x.example.com/?b=1&auth_code=plantedSPELLED20"}
    )
    (logs / "spelled.json").write_text(json.dumps(spelled).replace("&", "\\u0026").replace("=", "\\u003d"))
    summary = ingest(tmp_path / "lake", [logs], NOW)
    assert summary.total.events == len(PLANTED) - 1
    assert summary.total.quarantined == 3
    stored = _everything_in(tmp_path / "lake")
    assert "u-9" in stored, "the search finds what is there"
    assert [secret for secret in [*PLANTED, "plantedBROKEN14", "plantedSPELLED20"] if secret in stored] == []


def _everything_in(folder: Path) -> str:
    """Every byte of every file, and the content of Parquet files, which are compressed."""
    parts = [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]
    with duckdb.connect() as con:
        for path in folder.rglob("*.parquet"):
            rows = con.execute(
                "select * from read_parquet($path, hive_partitioning = false)", {"path": str(path)}
            )
            parts += [repr(row) for row in rows.fetchall()]
    return "\n".join(parts)


KEPT = [
    "AKIAEXAMPLE",
    "sessionToken",
    "key1(",
    "abc-next",
    "hashArgs",
    "skoid-1",
    "opt-1",
    "Basic authentication",
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db",
    "errorCode=50126",
    "eyJhbGciOnothing",
    "BEGIN CERTIFICATE",
    "cae-1",
    "isauthcode=true",
]


@pytest.mark.parametrize("kept", KEPT)
def test_what_is_no_secret_stays(tmp_path: Path, kept: str) -> None:
    record = event(
        "s-1",
        userIdentity={"type": "IAMUser", "accessKeyId": "AKIAEXAMPLE"},
        responseElements={"credentials": {"sessionToken": "x"}},
        requestParameters={
            "nextToken": "abc-next",
            "httpTokens": "opt-1",
            "secretId": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db",
            "url": "https://x.example.com/?state=hashArgs&isauthcode=true&errorCode=50126&skoid=skoid-1",
            "certificate": "-----BEGIN CERTIFICATE-----\nMII",
            "marker": "eyJhbGciOnothing",
        },
        additionalEventData={"details": [{"key": "Is CAE Token", "value": "cae-1"}]},
        note="key1(abc),SasSignature(def), no Basic authentication here",
    )
    (tmp_path / "log.json").write_text(json.dumps(record))
    ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW)
    assert Lake.open(tmp_path / "lake").plan_files()
    assert kept in _everything_in(tmp_path / "lake")
