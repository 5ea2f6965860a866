-- Records of the batch that became no event, each with the reason, masked, and at most 1 MiB of it. Grain: one record.
with
    unread as (
        select
            landed.source_file,
            landed.source_row,
            landed.source,
            coalesce(
                landed.problem,
                'no known source (keys: '
                || array_to_string(list_sort(json_keys(case when landed.problem is null then landed.record end))[:8], ', ')
                || ')'
            ) as reason,
            landed.record
        from landed
        where landed.source is null
    ),

    timeless as (
        select
            numbered.source_file,
            numbered.source_row,
            numbered.source,
            'no time that can be read' as reason,
            numbered.raw as record
        from numbered
        where numbered.occurred_at is null
    ),

    together as (
        select *
        from unread
        union all by name
        select *
        from timeless
    ),

    unsigned as (select together.*, without_headers(together.record) as unsigned_record from together)

select
    source_file,
    source_row,
    source,
    reason,
    left(masked(unsigned_record), 1048576) as record,
    coalesce(strlen(record), 0) as byte_count,
    sha256(coalesce(record, '') || reason || source_file || coalesce(source_row::varchar, '')) as content_hash
from unsigned
