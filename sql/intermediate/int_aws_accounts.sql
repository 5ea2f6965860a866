-- The AWS accounts of this organisation: those whose own trail is in the lake. Every other account is foreign. Grain:
-- account_id.
select distinct counts.tenant_id as account_id
from int_hourly_counts as counts
where counts.source = 'aws_cloudtrail' and regexp_full_match(counts.tenant_id, '\d{12}')
