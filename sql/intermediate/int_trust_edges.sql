-- Events that give the holder of one thing power through another thing. Grain: edge_id.
-- An edge ends in a thing that acts (a session, a key used from one network) or in one that is only known or granted
-- (`aws-key:`, `secret:`, `aws-account:` …). Uses hang on the latter by `used_from` edges, whose time is the first use: so
-- a key's old networks are not reached through somebody who learns the key today.
with
    edges as (
        select *
        from int_edges_issued
        union all by name
        select *
        from int_edges_used
        union all by name
        select *
        from int_edges_secrets
        union all by name
        select *
        from int_edges_granted
        union all by name
        select *
        from int_edges_opened
        union all by name
        select *
        from int_edges_entra_methods
        union all by name
        select *
        from int_edges_entra_devices
        union all by name
        select *
        from int_edges_entra_federation
        union all by name
        select *
        from int_edges_azure_keys
        union all by name
        select *
        from int_edges_azure_code
        union all by name
        select *
        from int_edges_azure_secrets
        union all by name
        select *
        from int_edges_okta_sessions
        union all by name
        select *
        from int_edges_single_sign_on
        union all by name
        select *
        from int_edges_aws_powers
        union all by name
        select *
        from int_edges_aws_uses
        union all by name
        select *
        from int_edges_aws_hosts
        union all by name
        select *
        from int_edges_aws_federation
        union all by name
        select *
        from int_edges_aws_console
    )

select
    md5(
        concat_ws('|', edges.from_thing_id, edges.to_thing_id, edges.kind, edges.source, edges.tenant_id, edges.event_id)
    ) as edge_id,
    edges.occurred_at,
    edges.from_thing_id,
    edges.to_thing_id,
    edges.to_kind,
    edges.kind,
    least(edges.confidence, 1.0)::double as confidence,
    edges.source,
    edges.tenant_id,
    edges.event_id,
    edges.why
from edges
where edges.from_thing_id <> edges.to_thing_id
qualify row_number() over (partition by edge_id order by edges.confidence desc, edges.occurred_at) = 1
