-- Which keys, service principals and roles hang on a person, and how it is known: from the look-back before the reset, and from
-- the inventory. Grain: reset_id, thing, how.
with
    own_acts as (
        select resets.reset_id, resets.person_id, resets.occurred_at as reset_at, holders.* exclude (person_id)
        from int_event_holders as holders
        inner join int_resets as resets on holders.person_id = resets.person_id
        where
            holders.outcome = 'success'
            and holders.occurred_at >= resets.occurred_at - $look_back
            and holders.occurred_at < resets.occurred_at
    ),

    made as (
        select
            own_acts.*,
            case
                when regexp_matches(own_acts.action, '(?i)owner')
                then 'owner added'
                when
                    own_acts.issued_credential_id is not null
                    or regexp_matches(own_acts.action, '(?i)credential|secret|accesskey')
                then 'secret added by'
                else 'created by'
            end as how,
            coalesce(own_acts.issued_credential_id, own_acts.target_id, own_acts.target_name) as thing
        from own_acts
        where
            regexp_matches(
                own_acts.action,
                '(?i)^(createuser|createaccesskey|createrole|add service principal|add application|add service principal credentials|update application.*secrets management|add owner to (application|service principal)|system\.api_token\.create)$'
            )
    ),

    roles as (
        select own_acts.*, 'role assumed regularly' as how, own_acts.target_id as thing
        from own_acts
        where
            own_acts.service = 'sts.amazonaws.com'
            and starts_with(own_acts.action, 'AssumeRole')
            and own_acts.target_id is not null
        qualify count(distinct own_acts.occurred_at::date) over (partition by own_acts.reset_id, own_acts.target_id) >= 5
    ),

    -- an address that few others use, and a key that is not theirs by name
    addresses as (
        select own_acts.reset_id, own_acts.reset_at, own_acts.source_ip
        from own_acts
        where own_acts.source_ip is not null
        group by all
        having count(distinct own_acts.occurred_at::date) >= 2
    ),

    shared as (
        select holders.source_ip
        from int_event_holders as holders
        where holders.source_ip is not null
        group by holders.source_ip
        having count(distinct holders.principal_id) > 3
    ),

    neighbours as (
        select
            addresses.reset_id,
            holders.source,
            holders.event_id,
            holders.occurred_at,
            'used from the address of the person' as how,
            coalesce(holders.credential_id, holders.principal_id) as thing
        from addresses
        anti join shared using (source_ip)
        inner join int_event_holders as holders using (source_ip)
        inner join int_resets as resets on addresses.reset_id = resets.reset_id
        where
            holders.person_id is distinct from resets.person_id
            and holders.outcome = 'success'
            and (holders.credential_kind = 'access_key' or holders.principal_kind = 'service_principal')
            and holders.occurred_at >= resets.occurred_at - $look_back
            and holders.occurred_at < resets.occurred_at
    ),

    -- the part of an address before the @ that one person alone bears: IAM users are named after it
    logins as (
        select split_part(aliases.alias, '@', 1) as login, min(aliases.person_id) as person_id
        from int_identities as aliases
        where contains(aliases.alias, '@')
        group by split_part(aliases.alias, '@', 1)
        having count(distinct aliases.person_id) = 1
    ),

    namesakes as (
        select
            resets.reset_id,
            holders.source,
            holders.event_id,
            holders.occurred_at,
            'the IAM user bears the name of the person' as how,
            holders.credential_id as thing
        from logins
        inner join int_resets as resets using (person_id)
        inner join
            int_event_holders as holders
            on logins.login = lower(holders.principal_name)
            and holders.source = 'aws_cloudtrail'
            and holders.principal_kind = 'user'
        where
            holders.person_id is distinct from resets.person_id
            and holders.credential_kind = 'access_key'
            and holders.outcome = 'success'
            and holders.occurred_at >= resets.occurred_at - $look_back
            and holders.occurred_at < resets.occurred_at + $window
    ),

    ties as (
        select made.reset_id, made.thing, made.how, made.occurred_at, made.source, made.event_id, 0.9 as confidence
        from made
        union all by name
        select roles.reset_id, roles.thing, roles.how, roles.occurred_at, roles.source, roles.event_id, 0.7 as confidence
        from roles
        union all by name
        select
            neighbours.reset_id,
            neighbours.thing,
            neighbours.how,
            neighbours.occurred_at,
            neighbours.source,
            neighbours.event_id,
            0.6 as confidence
        from neighbours
        union all by name
        select
            namesakes.reset_id,
            namesakes.thing,
            namesakes.how,
            namesakes.occurred_at,
            namesakes.source,
            namesakes.event_id,
            0.8 as confidence
        from namesakes
        union all by name
        select resets.reset_id, inventory.thing, 'the inventory says so' as how, 1.0 as confidence
        from inventory
        inner join int_identities as owners on lower(inventory.owner) = owners.alias
        inner join int_resets as resets on owners.person_id = resets.person_id
        where
            not regexp_matches(
                lower(inventory.kind),
                '^(person|user|alias|login|help[ _-]?desk.*|iam[ _-]?user|okta[ _-]?user|directory[ _-]?user|identity[ _-]?center[ _-]?user)$'
            )
    )

select
    ties.reset_id,
    resets.person_id,
    ties.thing,
    ties.how,
    min(struct_pack(at := ties.occurred_at, source := ties.source, event_id := ties.event_id)).event_id as evidence_event_id,
    max(ties.confidence)::double as confidence,
    count(*) as event_count,
    min(ties.occurred_at) as first_at,
    max(ties.occurred_at) as last_at
from ties
inner join int_resets as resets using (reset_id)
where ties.thing is not null
group by ties.reset_id, resets.person_id, ties.thing, ties.how
