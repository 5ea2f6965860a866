"""The lake: one Iceberg table `events` in a folder, with an SQLite catalog beside it.

DuckDB writes the Parquet files; one Iceberg commit registers them and carries the id of the batch they came from.
Readers plan the files of a snapshot through Iceberg and read them with DuckDB, so a hunt sees one snapshot while an
ingest writes the next. Format: Apache Iceberg v2; times are UTC without a zone, in microseconds.
"""

import fcntl
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, GreaterThanOrEqual, In, LessThan
from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform, IdentityTransform
from pyiceberg.types import BooleanType, LongType, NestedField, PrimitiveType, StringType, TimestampType

from pipeline.errors import InputError
from pipeline.schema import COLUMNS, COUNT, FLAG, TEXT, TIME, create_empty_events
from pipeline.settings import make_folder

BATCH_PROPERTY = "postreset.batch-id"
TABLE = "postreset.events"
TABLE_PROPERTIES = {
    # pyiceberg would commit again on top of another writer's rows, unseen by us; the duplicates among them must go first
    "commit.retry.num-retries": "0",
    "commit.manifest-merge.enabled": "true",  # or planning reads a manifest for each commit there ever was
}
EPOCH = date(1970, 1, 1)
ICEBERG_TYPES: dict[str, PrimitiveType] = {
    TEXT: StringType(),
    TIME: TimestampType(),
    FLAG: BooleanType(),
    COUNT: LongType(),
}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of the lake: the events of one source and day, or some of them."""

    path: str
    day: str
    source: str
    event_count: int


def iceberg_schema() -> Schema:
    fields = (
        NestedField(i, name, ICEBERG_TYPES[kind], required=False)
        for i, (name, kind) in enumerate(COLUMNS, start=1)
    )
    return Schema(*fields)


def _compare(predicate: Callable[..., BooleanExpression], column: str, value: object) -> BooleanExpression:
    """pyiceberg's predicates take positional arguments that their generated signatures do not show to a type checker."""
    return predicate(column, value)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
        if create:
            make_folder(folder / "warehouse")
        with (
            _locked(folder / "create.lock") if create else nullcontext()
        ):  # two that begin at once make one table
            catalog = SqlCatalog(
                "postreset",
                uri=f"sqlite:///{folder / 'catalog.db'}",
                warehouse=f"file://{folder / 'warehouse'}",
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
            TABLE,
            schema,
            location=f"file://{folder / 'warehouse' / 'events'}",
            partition_spec=spec,
            properties=TABLE_PROPERTIES,
        )

    @property
    def data_folder(self) -> Path:
        return self.folder / "warehouse" / "events" / "data"

    @property
    def snapshot_id(self) -> int | None:
        snapshot = self._table.current_snapshot()
        return snapshot.snapshot_id if snapshot else None

    @property
    def metadata_location(self) -> str:
        """Names the newest commit that this lake knows."""
        return self._table.metadata_location

    def refresh(self) -> None:
        """Takes the newest snapshot for this lake's own."""
        self._table.refresh()

    @contextmanager
    def writing(self) -> Generator[None]:
        """One writer at a time on this machine, each with the newest snapshot. Writers elsewhere are met in `append`."""
        with _locked(self.folder / "commit.lock"):
            self.refresh()
            yield

    def append(self, files: Sequence[Path], batch_id: str, replaced: Sequence[str] = ()) -> bool:
        """Registers Parquet files in one commit that carries the batch id, some of them in the place of `replaced` ones. False,
        and nothing done, where another writer has committed since this lake's snapshot."""
        if TABLE_PROPERTIES.items() - self._table.metadata.properties.items():
            with self._table.transaction() as transaction:
                transaction.set_properties(TABLE_PROPERTIES)
        # not as_uri: Iceberg readers do not decode the %3D of a "="
        addresses = [f"file://{path}" for path in files]
        properties = {BATCH_PROPERTY: batch_id}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if replaced:
                    self._overwrite(addresses, set(replaced), properties)
                else:
                    self._table.add_files(addresses, properties, check_duplicate_files=False)
            except CommitFailedException:
                return False
        return True

    def _overwrite(self, addresses: list[str], replaced: set[str], properties: dict[str, str]) -> None:
        files = (task.file for task in self._table.scan().plan_files())
        old = [file for file in files if file.file_path.removeprefix("file://") in replaced]
        with (
            self._table.transaction() as transaction,
            transaction.update_snapshot(properties).overwrite() as overwrite,
        ):
            for file in old:
                overwrite.delete_data_file(file)
            for address in addresses:
                overwrite.append_data_file(
                    parquet_file_to_data_file(self._table.io, self._table.metadata, address)
                )

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
        return sorted(file.path for file in self._files(row_filter, snapshot_id))

    def data_files(self, snapshot_id: int | None = None) -> list[DataFile]:
        """Every file of a snapshot, with how many events it holds."""
        return sorted(self._files(AlwaysTrue(), snapshot_id), key=lambda file: file.path)

    def _files(self, row_filter: BooleanExpression, snapshot_id: int | None) -> list[DataFile]:
        if self.snapshot_id is None:
            return []
        if snapshot_id is not None and self._table.snapshot_by_id(snapshot_id) is None:
            raise InputError(
                f"snapshot {snapshot_id} is not kept",
                str(self.folder),
                "`postreset lake expire` ended it, or it is another lake's; hunt again to see today's events",
            )
        tasks = self._table.scan(row_filter=row_filter, snapshot_id=snapshot_id).plan_files()
        return [
            DataFile(
                task.file.file_path.removeprefix("file://"),
                str(EPOCH + timedelta(days=task.file.partition[0])),
                task.file.partition[1],
                task.file.record_count,
            )
            for task in tasks
        ]

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
