"""`python -m pipeline.cli` is `postreset`."""

from pipeline.cli import run

run()
