-- Credentials, principals, consents and ownerships that what was reached brought into being. Grain: reset_id, thing_id.
-- Temporary keys are sessions and die by themselves; they are followed in reach alone.
with
    made as (
        select
            reach.reset_id,
            edges.to_thing_id as thing_id,
            edges.to_kind,
            edges.kind,
            edges.why,
            edges.occurred_at,
            edges.source,
            edges.tenant_id,
            edges.event_id,
            edges.from_thing_id,
            holders.target_id,
            holders.target_name,
            holders.target_kind
        from int_trust_edges as edges
        inner join reach on edges.from_thing_id = reach.thing_id and edges.occurred_at >= reach.first_reached_at
        inner join int_resets as resets on reach.reset_id = resets.reset_id
        left join
            int_event_holders as holders
            on edges.source = holders.source
            and edges.event_id = holders.event_id
            and edges.tenant_id is not distinct from holders.tenant_id
        where
            edges.occurred_at < resets.occurred_at + $window
            and (
                edges.kind in ('adds_secret', 'creates_principal', 'issues_login', 'opens_trust')
                or (
                    edges.kind = 'issues_key'
                    and edges.to_kind in ('access_key', 'api_token')
                    and not starts_with(edges.to_thing_id, 'aws-key:ASIA')
                )
                or (edges.kind = 'grants' and regexp_matches(lower(holders.target_kind), 'service ?principal|application'))
            )
    )

select
    made.reset_id,
    made.thing_id,
    arg_min(made.to_kind, struct_pack(at := made.occurred_at, source := made.source, event_id := made.event_id)) as kind,
    arg_min(made.kind, struct_pack(at := made.occurred_at, source := made.source, event_id := made.event_id)) as made_how,
    arg_min(made.why, struct_pack(at := made.occurred_at, source := made.source, event_id := made.event_id)) as why,
    min(made.occurred_at) as made_at,
    arg_min(made.source, struct_pack(at := made.occurred_at, source := made.source, event_id := made.event_id)) as source,
    arg_min(made.tenant_id, struct_pack(at := made.occurred_at, source := made.source, event_id := made.event_id)) as tenant_id,
    arg_min(made.event_id, struct_pack(at := made.occurred_at, source := made.source, event_id := made.event_id)) as event_id,
    arg_min(made.from_thing_id, struct_pack(at := made.occurred_at, source := made.source, event_id := made.event_id)) as made_by,
    nullif(regexp_extract(made.thing_id, '^(?:aws-key|sp-credential|okta-token):([^@]+)', 1), '') as credential_id,
    min(lower(made.target_id)) as principal_id,
    min(lower(made.target_name)) as principal_name
from made
group by made.reset_id, made.thing_id
