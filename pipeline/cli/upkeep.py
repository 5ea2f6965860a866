"""`postreset lake`: what it holds, small files made few, old days and snapshots let go."""

from typing import Annotated

import typer

from pipeline.cli.streams import JsonOption, LakeOption, out, show_progress, talk, utc_now, write_json
from pipeline.settings import DEFAULT_LAKE


def lake_stats(lake: LakeOption = DEFAULT_LAKE, as_json: JsonOption = False) -> None:
    """Events by source and tenant, files, snapshots, quarantine, duplicates, the last batch."""
    from pipeline.lake import Lake
    from pipeline.upkeep.stats import read_stats
    from pipeline.upkeep.views import stats_view

    stats = read_stats(Lake.open(lake))
    if not as_json:
        out().print(stats_view(stats))
        return
    batch = stats.last_batch
    write_json(
        {
            "events": stats.events,
            "files": stats.files,
            "bytes": stats.bytes,
            "mean_file_bytes": stats.mean_file_bytes,
            "snapshots": stats.snapshots,
            "first_snapshot_at": stats.first_snapshot_at,
            "last_snapshot_at": stats.last_snapshot_at,
            "sources": [
                {
                    "source": held.source,
                    "tenant_id": held.tenant_id,
                    "events": held.events,
                    "first_at": held.first_at,
                    "last_at": held.last_at,
                }
                for held in stats.sources
            ],
            "quarantined": stats.quarantined,
            "duplicates": stats.duplicates,
            "batches": stats.batches,
            "pending_batches": stats.pending_batches,
            "last_batch": batch
            and {
                "batch_id": batch.batch_id,
                "state": batch.state,
                "started_at": batch.started_at,
                "records": batch.records,
                "events": batch.events,
                "duplicates": batch.duplicates,
                "quarantined": batch.quarantined,
            },
        }
    )


def lake_compact(
    more_than: Annotated[
        int, typer.Option("--more-than", help="Only where a day and source has more small files.", min=1)
    ] = 4,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Rewrite the small files of a day and source into few, sorted by time. The events stay the same.

    Ingest and hunts may run meanwhile. The old files stay on disk for the snapshots that name them, so hunts can be run
    again on what they saw, until `postreset lake expire` ends these snapshots.
    """
    from pipeline.lake import Lake
    from pipeline.upkeep.compact import compact
    from pipeline.upkeep.views import compact_view

    with show_progress() as progress:
        task = progress.add_task("compact: looking for small files")
        summary = compact(
            Lake.open(lake),
            more_than,
            lambda partition: progress.update(
                task, description=f"compact: {partition}, {len(partition.files)} files"
            ),
        )
    for line in summary.left:
        talk().print(f"compact: {line}", markup=False)
    if as_json:
        write_json(
            {
                "partitions": summary.partitions,
                "events": summary.events,
                "files_before": summary.files_before,
                "files_after": summary.files_after,
                "bytes_before": summary.bytes_before,
                "bytes_after": summary.bytes_after,
                "left": summary.left,
            }
        )
    else:
        out().print(compact_view(summary))


def lake_expire(
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", help="Drop the events of whole days that ended so long ago, as 400d."),
    ] = None,
    snapshots_older_than: Annotated[
        str | None,
        typer.Option("--snapshots-older-than", help="Expire the snapshots committed so long ago, as 30d."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without, only what would go is shown.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would go; as without --yes.")
    ] = False,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Let old days and old snapshots go. Shows what would go, and does it with --yes.

    A hunt names the snapshot that it saw (`lake_snapshot_id` in its hunt.json) as evidence. An expired snapshot cannot be
    read again: the hunt folder stays as it is, but running the hunt again then sees today's events, without the dropped
    days. Keep snapshots for as long as a case may be questioned. The rows of dropped days leave the disk when the last
    snapshot that holds them is expired.
    """
    from pipeline.errors import SettingsError
    from pipeline.lake import Lake
    from pipeline.times import parse_duration
    from pipeline.upkeep.expire import expire
    from pipeline.upkeep.views import expire_view

    if older_than is None and snapshots_older_than is None:
        raise SettingsError(
            "what shall go?", hint="give --older-than 400d, --snapshots-older-than 30d, or both"
        )
    if yes and dry_run:
        raise SettingsError("--yes and --dry-run contradict each other", hint="give one of them")
    summary = expire(
        Lake.open(lake),
        utc_now(),
        None if older_than is None else parse_duration(older_than, "--older-than"),
        None
        if snapshots_older_than is None
        else parse_duration(snapshots_older_than, "--snapshots-older-than"),
        dry_run=not yes,
    )
    if as_json:
        write_json(
            {
                "done": summary.is_done,
                "first_kept_day": summary.first_kept_day and str(summary.first_kept_day),
                "days": [
                    {
                        "day": str(day.day),
                        "source": day.source,
                        "events": day.events,
                        "files": day.files,
                        "bytes": day.bytes,
                    }
                    for day in summary.days
                ],
                "snapshots_before": summary.snapshots_before,
                "snapshots": [
                    {"snapshot_id": str(each.snapshot_id), "committed_at": each.committed_at}
                    for each in summary.snapshots
                ],
                "kept_snapshots": summary.kept_snapshots,
                "files": summary.files,
                "bytes": summary.bytes,
            }
        )
    else:
        out().print(expire_view(summary))
