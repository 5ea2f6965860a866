-- The records of the peeled files back in `landed_records`, each leaf in the place of what it came from. Grain: statement.
insert into landed_records by name
with
    peeled as (
        select leaves.outer_id, recognised_leaves.rowid as leaf, recognised_leaves.*
        from recognised_leaves
        inner join leaves on recognised_leaves.rowid = leaves.rowid
    ),

    known as (select unpeeled.* exclude (is_unknown), 0::bigint as leaf from unpeeled where not unpeeled.is_unknown),

    together as (
        select *
        from peeled
        union all by name
        select *
        from known
    )

select source_file, source_row, record, source, problem
from together
order by outer_id, leaf
