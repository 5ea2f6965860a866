-- Regions of an AWS account with logs on five days at least, and then none, for longer than ever before and for a day at least,
-- while the account's other logs go on. Grain: tenant_id, region.
with
    regions as (
        select
            int_log_coverage.tenant_id,
            int_log_coverage.region,
            max(int_log_coverage.hour) + interval 1 hour as ends_at,
            count(distinct int_log_coverage.hour::date) as day_count,
            to_hours(greatest(coalesce(max(int_log_coverage.hours_since_last), 0), 24)::integer) as longest_silence
        from int_log_coverage
        where int_log_coverage.source = 'aws_cloudtrail' and int_log_coverage.hour < $until
        group by int_log_coverage.tenant_id, int_log_coverage.region
    ),

    beside as (select regions.*, max(regions.ends_at) over (partition by regions.tenant_id) as account_ends_at from regions)

select beside.tenant_id, beside.region, beside.ends_at
from beside
where
    beside.region is not null
    and beside.day_count >= 5
    and beside.ends_at + beside.longest_silence < least(beside.account_ends_at, $until)
order by beside.tenant_id, beside.region
