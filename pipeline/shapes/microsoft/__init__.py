"""Microsoft Entra and Azure logs in other shapes than those of diagnostic settings and of Log Analytics.

`reshape` gives a record of diagnostic settings (`category`, `properties` …) or a row of a Log Analytics table (`Type` and the
table's column names). Nothing is dropped: what has no place in the canonical shape stays beside it. Times stay as they are
written, because staging reads every form; a record without a time is given none.
"""

from typing import Any

from pipeline.shapes.microsoft.activity import reshape_activity_event
from pipeline.shapes.microsoft.diagnostics import reshape_diagnostic_record
from pipeline.shapes.microsoft.entra_portal import reshape_portal_row
from pipeline.shapes.microsoft.graph import reshape_graph_object
from pipeline.shapes.microsoft.log_analytics import reshape_row

Record = dict[str, Any]

# rows before events: a row of AzureActivity has the names of an event too
SHAPES = (
    reshape_diagnostic_record,
    reshape_row,
    reshape_graph_object,
    reshape_activity_event,
    reshape_portal_row,
)


def reshape(record: Record) -> Record | None:
    """The record in its canonical shape (the same object where it has it), or None where it is none of Microsoft's.
    Never raises."""
    for shape in SHAPES:
        shaped = shape(record)
        if shaped is not None:
            return shaped
    return None
