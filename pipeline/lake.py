"""The lake: one Iceberg table `events` in a folder, with an SQLite catalog beside it.

DuckDB writes the Parquet files; one Iceberg commit registers them and carries the id of the batch they came from.
Readers plan the files of a snapshot through Iceberg and read them with DuckDB, so a hunt sees one snapshot while an
ingest writes the next. Format: Apache Iceberg v2; times are UTC without a zone, in microseconds.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, GreaterThanOrEqual, In, LessThan
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform, IdentityTransform
from pyiceberg.types import BooleanType, IcebergType, LongType, NestedField, StringType, TimestampType

from pipeline.errors import InputError

BATCH_PROPERTY = "postreset.batch-id"
TABLE = "postreset.events"

TEXT, TIME, FLAG, COUNT = StringType(), TimestampType(), BooleanType(), LongType()
# fmt: off
COLUMNS: tuple[tuple[str, IcebergType], ...] = (
    ("event_id", TEXT), ("source", TEXT),
    ("occurred_at", TIME), ("received_at", TIME), ("ingested_at", TIME),
    ("provider", TEXT), ("tenant_id", TEXT), ("region", TEXT),
    ("service", TEXT), ("action", TEXT), ("outcome", TEXT), ("error_code", TEXT), ("is_read_only", FLAG),
    ("principal_id", TEXT), ("principal_name", TEXT), ("principal_kind", TEXT), ("principal_tenant_id", TEXT),
    ("credential_id", TEXT), ("credential_kind", TEXT),
    ("session_id", TEXT), ("session_started_at", TIME), ("token_id", TEXT), ("is_mfa", FLAG),
    ("issuer_id", TEXT), ("source_identity", TEXT), ("app_id", TEXT), ("device_id", TEXT),
    ("source_ip", TEXT), ("user_agent", TEXT), ("country", TEXT), ("asn", COUNT),
    ("target_id", TEXT), ("target_name", TEXT), ("target_kind", TEXT), ("target_tenant_id", TEXT),
    ("issued_credential_id", TEXT), ("issued_session_id", TEXT),
    ("bytes_out", COUNT), ("raw", TEXT),
    ("batch_id", TEXT), ("source_file", TEXT), ("source_row", COUNT),
)
# fmt: on
REQUIRED = frozenset({"event_id", "source", "occurred_at"})
SQL_TYPES: dict[IcebergType, str] = {TEXT: "varchar", TIME: "timestamp", FLAG: "boolean", COUNT: "bigint"}


def iceberg_schema() -> Schema:
    return Schema(
        *(NestedField(i, name, kind, required=False) for i, (name, kind) in enumerate(COLUMNS, start=1))
    )


def create_empty_events(con: duckdb.DuckDBPyConnection, name: str = "events", *, temp: bool = True) -> None:
    """An empty table with the columns and types of `events`, for a lake without files and for tests."""
    columns = ", ".join(f"{column} {SQL_TYPES[kind]}" for column, kind in COLUMNS)
    con.execute(f"create or replace {'temp ' if temp else ''}table {name} ({columns})")


def _compare(predicate: Callable[..., BooleanExpression], column: str, value: object) -> BooleanExpression:
    """pyiceberg's predicates take positional arguments that their generated signatures do not show to a type checker."""
    return predicate(column, value)


class Lake:
    """A lake in a local folder: `catalog.db`, `warehouse/`, `ledger.db`, `quarantine/`."""

    def __init__(self, folder: Path, table: Table) -> None:
        self.folder = folder
        self._table = table

    @classmethod
    def open(cls, folder: Path, *, create: bool = False) -> "Lake":
        """Raises InputError where there is no lake in `folder` and `create` is not asked for."""
        folder = folder.absolute()
        if not create and not (folder / "catalog.db").is_file():
            raise InputError(
                "there is no lake here", str(folder), "make one with `postreset ingest PATH --lake DIR`"
            )
        if folder.exists() and not folder.is_dir():
            raise InputError("this is a file, a lake is a folder", str(folder), "give a folder with --lake")
        try:
            (folder / "warehouse").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"the lake's folder cannot be written ({error.strerror})",
                str(folder),
                "give another with --lake",
            ) from error
        catalog = SqlCatalog(
            "postreset", uri=f"sqlite:///{folder / 'catalog.db'}", warehouse=f"file://{folder / 'warehouse'}"
        )
        try:
            return cls(folder, catalog.load_table(TABLE))
        except NoSuchTableError:
            return cls(folder, cls._create_table(catalog, folder))

    @staticmethod
    def _create_table(catalog: SqlCatalog, folder: Path) -> Table:
        schema = iceberg_schema()
        field_id = {field.name: field.field_id for field in schema.fields}
        spec = PartitionSpec(
            PartitionField(field_id["occurred_at"], 1000, DayTransform(), "occurred_day"),
            PartitionField(field_id["source"], 1001, IdentityTransform(), "source"),
        )
        catalog.create_namespace_if_not_exists("postreset")
        return catalog.create_table_if_not_exists(
            TABLE, schema, location=f"file://{folder / 'warehouse' / 'events'}", partition_spec=spec
        )

    @property
    def data_folder(self) -> Path:
        return self.folder / "warehouse" / "events" / "data"

    @property
    def snapshot_id(self) -> int | None:
        snapshot = self._table.current_snapshot()
        return snapshot.snapshot_id if snapshot else None

    def append(self, files: Sequence[Path], batch_id: str) -> int | None:
        """Registers Parquet files in one commit that carries the batch id; returns the snapshot id."""
        self._table.refresh()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._table.add_files(
                [
                    f"file://{path}" for path in files
                ],  # not as_uri: Iceberg readers do not decode the %3D of a "="
                snapshot_properties={BATCH_PROPERTY: batch_id},
                check_duplicate_files=False,
            )
        return self.snapshot_id

    def has_batch(self, batch_id: str) -> bool:
        self._table.refresh()
        return any(
            snapshot.summary is not None
            and snapshot.summary.additional_properties.get(BATCH_PROPERTY) == batch_id
            for snapshot in self._table.metadata.snapshots
        )

    def plan_files(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        sources: Iterable[str] | None = None,
        snapshot_id: int | None = None,
    ) -> list[str]:
        """Paths of the files that can hold events of [since, until) and of these sources, sorted."""
        row_filter: BooleanExpression = AlwaysTrue()
        if since is not None:
            row_filter = And(row_filter, _compare(GreaterThanOrEqual, "occurred_at", since.isoformat()))
        if until is not None:
            row_filter = And(row_filter, _compare(LessThan, "occurred_at", until.isoformat()))
        if sources is not None:
            row_filter = And(row_filter, _compare(In, "source", tuple(sources)))
        if self.snapshot_id is None:
            return []
        tasks = self._table.scan(row_filter=row_filter, snapshot_id=snapshot_id).plan_files()
        return sorted(task.file.file_path.removeprefix("file://") for task in tasks)

    def create_events_view(
        self,
        con: duckdb.DuckDBPyConnection,
        since: datetime | None = None,
        until: datetime | None = None,
        sources: Iterable[str] | None = None,
        snapshot_id: int | None = None,
        name: str = "events",
    ) -> int:
        """Makes `name` a view over the planned files (whole files: filter on `occurred_at` where it matters).
        Returns the number of files; with none of them `name` is an empty table of the same columns."""
        files = self.plan_files(since, until, sources, snapshot_id)
        con.execute(f"drop view if exists {name}")
        if files:
            con.read_parquet(files, hive_partitioning=False).create_view(name, replace=True)
        else:
            create_empty_events(con, name)
        return len(files)
