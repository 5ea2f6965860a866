-- The tables that correlations read, empty, with the columns and types of the models. Grain: as each model's.
create or replace temp table int_networks (source_ip varchar, network_id varchar, asn bigint, country varchar, first_seen_at timestamp);
create or replace temp table int_identities (alias varchar, person_id varchar, alias_kind varchar, provider varchar, evidence_event_id varchar);
create or replace temp table int_event_holders (
    source varchar, tenant_id varchar, event_id varchar, occurred_at timestamp, provider varchar, principal_id varchar, principal_name varchar,
    principal_kind varchar, source_ip varchar, network_id varchar, user_agent varchar, client varchar, region varchar, service varchar, action varchar, outcome varchar,
    error_code varchar, is_read_only boolean, target_id varchar, target_name varchar, target_kind varchar, target_tenant_id varchar,
    bytes_out bigint, credential_id varchar, credential_kind varchar, session_started_at timestamp, is_mfa boolean, is_device_code boolean, token_id varchar,
    issuer_id varchar, app_id varchar, device_id varchar, issued_credential_id varchar, issued_session_id varchar, person_id varchar,
    thing_id varchar, attribution varchar, confidence double
);
create or replace temp table int_sessions (
    thing_id varchar, kind varchar, provider varchar, tenant_id varchar, person_id varchar, principal_id varchar, principal_name varchar,
    principal_kind varchar, credential_id varchar, network_id varchar, source_ip varchar, first_event_id varchar, first_source varchar,
    first_used_at timestamp, last_used_at timestamp, is_mfa boolean, event_count bigint, started_at timestamp
);
create or replace temp table int_trust_edges (
    edge_id varchar, occurred_at timestamp, from_thing_id varchar, to_thing_id varchar, to_kind varchar, kind varchar, confidence double,
    source varchar, tenant_id varchar, event_id varchar, why varchar
);
create or replace temp table int_resets (
    reset_id varchar, person_id varchar, person varchar, principal_ids varchar[], principal_names varchar[], provider varchar, tenant_id varchar,
    occurred_at timestamp, ended_at timestamp, kinds varchar[], performed_by varchar, performed_by_id varchar, by_somebody_else boolean,
    performed_from varchar, cut_off_at timestamp, event_ids varchar[]
);
create or replace temp table int_baselines (
    person_id varchar, facet varchar, value varchar, first_seen_at timestamp, last_seen_at timestamp, event_count bigint
);
create or replace temp table int_person_networks (
    person_id varchar, network_id varchar, first_seen_at timestamp, last_seen_at timestamp, event_count bigint,
    known_since timestamp as (first_seen_at) -- in a case a device vouches for every network
);
create or replace temp table int_vouched_networks (reset_id varchar, network_id varchar);
create or replace temp table int_principal_networks (principal_id varchar, network_id varchar, first_seen_at timestamp);
create or replace temp table reach (
    reset_id varchar, thing_id varchar, kind varchar, from_thing_id varchar, seed varchar, first_reached_at timestamp, depth integer,
    confidence double, path varchar[], why varchar
);
create or replace temp table events (
    event_id varchar, source varchar, occurred_at timestamp, tenant_id varchar, region varchar, service varchar, action varchar, outcome varchar,
    error_code varchar, principal_id varchar, principal_name varchar, source_ip varchar, user_agent varchar, target_id varchar,
    target_name varchar, raw varchar
);
create or replace temp table signals (
    detection varchar, source varchar, tenant_id varchar, event_id varchar, occurred_at timestamp, reset_id varchar, thing_id varchar, why varchar
);
create or replace temp table first_seen (
    reset_id varchar, person varchar, facet varchar, value varchar, known_count bigint, occurred_at timestamp,
    first_use struct(source varchar, tenant_id varchar, event_id varchar, thing_id varchar), use_count bigint
);
create or replace temp table granting_actions as
select unnest(['aws_cloudtrail', 'aws_cloudtrail']) as source, unnest(['CreateUser', 'AttachUserPolicy']) as action;
create or replace temp table int_reach_edges (
    reset_id varchar, edge_id varchar, edge_kind varchar, source varchar, tenant_id varchar, event_id varchar, occurred_at timestamp,
    from_thing_id varchar, to_thing_id varchar, why varchar
);
create or replace temp table int_log_coverage (
    source varchar, tenant_id varchar, region varchar, hour timestamp, event_count bigint, object_event_count bigint, last_at timestamp,
    hours_since_last bigint
);
create or replace temp table int_bucket_days (bucket varchar, day timestamp, first_at timestamp, object_count bigint);
create or replace temp table int_reset_series (reset_id varchar, person_id varchar, occurred_at timestamp, performer varchar);
create or replace temp table int_named_tenants (target_tenant_id varchar, day date, first_at timestamp);
create or replace temp table empowering_actions as
select
    unnest(['azure_activity', 'entra_audit']) as source,
    unnest(['MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE', 'Reset user password']) as action,
    unnest(['grant', 'password']) as gives;
