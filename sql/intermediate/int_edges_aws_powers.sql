-- What acts in AWS gave: rights, logins, credentials, shares, trust in others, code on hosts. Grain: from_thing_id,
-- to_thing_id, kind, event. Whatever is used afterwards hangs on the end by edges of its own (int_edges_aws_uses).
select
    powers.occurred_at,
    powers.thing_id as from_thing_id,
    powers.to_thing_id,
    powers.to_kind,
    powers.kind,
    powers.confidence,
    powers.source,
    powers.tenant_id,
    powers.event_id,
    powers.why
from int_aws_powers as powers
