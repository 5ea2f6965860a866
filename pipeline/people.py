"""Which person and which reset somebody means by a name or a part of one."""

from datetime import datetime, timedelta

import duckdb

from pipeline.errors import InputError

NEAR = timedelta(hours=24)


def find_person(con: duckdb.DuckDBPyConnection, who: str) -> str:
    """The person_id of an alias, or of an unambiguous part of one; case does not matter. A person with a reset goes
    before the others. Raises InputError for nobody and for several."""
    wanted = who.strip().lower()
    rows = con.execute(
        """
        with known as (
            select alias, person_id from int_identities
            union
            select lower(unnest(list_concat(principal_ids, principal_names))), person_id from int_resets
            union
            select lower(person_id), person_id from int_resets
        )
        select distinct known.person_id, known.alias = $who as is_exact, resets.person_id is not null as has_reset
        from known
        left join (select distinct person_id from int_resets) as resets using (person_id)
        where contains(known.alias, $who)
        order by 1
        """,
        {"who": wanted},
    ).fetchall()
    for narrow in (lambda row: row[1] and row[2], lambda row: row[1], lambda row: row[2], lambda row: True):
        people = sorted({row[0] for row in rows if narrow(row)})
        if len(people) == 1:
            return people[0]
        if people:
            shown = ", ".join(people[:5]) + (" …" if len(people) > 5 else "")
            raise InputError(f"{len(people)} people match: {shown}", who, "write more of the name")
    raise InputError("nobody in this lake goes by that name", who, "`postreset resets` lists who was reset")


def find_reset(con: duckdb.DuckDBPyConnection, person_id: str, at: datetime | None) -> str:
    """The reset_id of the person's latest reset, or of the one nearest to `at` within a day. Raises InputError."""
    rows = con.execute(
        "select reset_id, occurred_at, ended_at from int_resets where person_id = $person_id order by occurred_at desc",
        {"person_id": person_id},
    ).fetchall()
    if not rows:
        raise InputError(
            "no password or MFA reset of this person is in the lake",
            person_id,
            "`postreset resets` lists all",
        )
    if at is None:
        return rows[0][0]

    def distance(row: tuple[str, datetime, datetime]) -> timedelta:
        _, begun, ended = row
        return max(begun - at, at - ended, timedelta())

    nearest = min(rows, key=distance)
    if distance(nearest) > NEAR:
        times = ", ".join(f"{row[1]:%Y-%m-%dT%H:%MZ}" for row in rows[:5])
        raise InputError(
            f"no reset of this person within a day of {at:%Y-%m-%dT%H:%MZ}",
            person_id,
            f"theirs are at {times}",
        )
    return nearest[0]
