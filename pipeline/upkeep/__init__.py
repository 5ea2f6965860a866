"""Upkeep of a lake: small files made few, old days and old snapshots let go, and what the lake holds.

Readers are never in the way and never harmed: each step is one Iceberg commit, and a file is removed from disk only when no
kept snapshot names it.
"""
