"""Which loader reads which kind of source. Each is imported when a source of its kind is made: their libraries take long."""

from importlib import import_module
from typing import Any

from loaders.base import Loader
from loaders.file_names import SOURCE_NAME
from pipeline.errors import SettingsError

KINDS = {
    "s3": "loaders.s3:S3Loader",
    "cloudtrail_api": "loaders.cloudtrail_api:CloudTrailApiLoader",
    "log_analytics": "loaders.log_analytics:LogAnalyticsLoader",
    "blob": "loaders.blob:BlobLoader",
    "okta": "loaders.okta:OktaLoader",
    "graph": "loaders.graph:GraphLoader",
    "files": "loaders.files:FilesLoader",
}


def make_loader(name: str, table: dict[str, Any], where: str) -> Loader:
    """The loader of a table `[sources.NAME]`; `where` is the table's place, for errors. Raises SettingsError."""
    if not SOURCE_NAME.fullmatch(name):
        raise SettingsError(
            f"cannot be the name of a source: {name!r}", where, "letters, digits, _ and -, 64 at most"
        )
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        told = "kind is not set" if kind is None else f"kind = {kind!r} is not known"
        raise SettingsError(told, where, f"known are {', '.join(KINDS)}")
    module, _, of = KINDS[kind].partition(":")
    return getattr(import_module(module), of).from_settings(name, table)
