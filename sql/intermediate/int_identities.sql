-- Which person an alias belongs to, and the event that says so. Grain: alias (lower case).
-- The names of one id are one person (somebody renamed). IAM users without an address in their name stay persons of their own
-- unless the inventory says whose they are: nothing in a log ties them to anyone. All ways of knowing: int_identity_evidence.
with
    -- one id with more names than a person bears in a life is written for many
    shared as (
        select evidence.alias
        from int_identity_evidence as evidence
        group by evidence.alias
        having count(distinct evidence.name) > 10
    ),

    evidence as (select * from int_identity_evidence as ways anti join shared using (alias)),

    -- an address stands before an ARN
    hubs as (
        select evidence.alias, min(struct_pack(is_arn := not contains(evidence.name, '@'), name := evidence.name)) as hub
        from evidence
        group by evidence.alias
        union all by name
        select evidence.name as alias, struct_pack(is_arn := not contains(evidence.name, '@'), name := evidence.name) as hub
        from evidence
    ),

    steps as (
        select named.alias, named.name, min(hubs.hub) as hub
        from
            (
                select distinct evidence.alias, evidence.name
                from evidence
                union
                select evidence.name, evidence.name
                from evidence
            ) as named
        inner join hubs on named.alias = hubs.alias
        group by all
    ),

    -- twice, so that who was renamed twice is one person still
    names as (select steps.name, min(steps.hub) as hub from steps group by steps.name),

    far_names as (
        select names.name, least(min(names.hub), min(beyond.hub)) as hub
        from names
        inner join names as beyond on names.hub.name = beyond.name
        group by names.name
    ),

    aliases as (
        select
            evidence.alias,
            far_names.hub.name as person_id,
            'id' as alias_kind,
            evidence.kind,
            evidence.how,
            evidence.provider,
            evidence.evidence_event_id,
            evidence.first_at
        from evidence
        inner join far_names using (name)
        union all by name
        select
            evidence.name as alias,
            far_names.hub.name as person_id,
            'name' as alias_kind,
            'name' as kind,
            evidence.how,
            evidence.provider,
            evidence.evidence_event_id,
            evidence.first_at
        from evidence
        inner join far_names using (name)
    ),

    -- one address with two users of the identity store: the same person hired again, or another with the same name
    store_users as (
        select aliases.person_id, count(distinct aliases.alias) as user_count
        from aliases
        where aliases.kind = 'identity_center_user'
        group by aliases.person_id
    )

select
    aliases.alias,
    min(aliases.person_id) as person_id,
    min(aliases.alias_kind) as alias_kind,
    min(aliases.provider) as provider,
    arg_min(
        aliases.evidence_event_id, struct_pack(at := aliases.first_at, how := aliases.how, event_id := aliases.evidence_event_id)
    ) as evidence_event_id,
    arg_min(
        aliases.kind,
        struct_pack(
            at := aliases.first_at,
            how := aliases.how,
            event_id := aliases.evidence_event_id,
            is_name := aliases.alias_kind = 'name',
            kind := aliases.kind
        )
    ) as kind,
    array_to_string(list_sort(list(distinct aliases.how)), '; ') as how,
    coalesce(bool_or(aliases.kind = 'identity_center_user' and store_users.user_count > 1), false) as is_ambiguous,
    min(aliases.first_at) as first_at
from aliases
left join store_users using (person_id)
group by aliases.alias
