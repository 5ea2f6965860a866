"""Where our own files lie and what holds when nobody says otherwise."""

from pathlib import Path

DEFAULT_LAKE = Path("data/lake")


def resource_root() -> Path:
    """The folder that holds `sql/`, `detections/` and `data/samples/`: the checkout, or the wheel's copy."""
    package = Path(__file__).parent
    bundled = package / "_resources"
    return bundled if bundled.is_dir() else package.parent
