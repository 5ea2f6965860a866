-- Whom the resets that are hunted are about, as the logs write them. Grain: holder_key.
with
    aliases as (
        select int_identities.alias
        from int_identities
        semi join int_resets on int_identities.person_id = int_resets.person_id
        union
        select lower(unnest(list_append(list_concat(int_resets.principal_ids, int_resets.principal_names), int_resets.person_id)))
        from int_resets
    ),

    -- an IAM user that is named as the person may be the person's, see int_automation_ties
    logins as (select split_part(aliases.alias, '@', 1) as login from aliases where contains(aliases.alias, '@')),

    callers as (
        select
            names.principal_id,
            names.principal_name,
            unnest(
                [
                    lower(names.principal_id),
                    case when contains(names.principal_name, '@') then lower(names.principal_name) end,
                    'arn:aws:iam::' || names.principal_tenant_id || ':user/' || lower(names.principal_name),
                    case when names.principal_kind = 'root' then 'arn:aws:iam::' || names.principal_tenant_id || ':root' end
                ]
            ) as alias
        from kept_names as names
        where coalesce(names.principal_id, names.principal_name) is not null
    ),

    found as (
        select coalesce(callers.principal_id, callers.principal_name) as holder_key, true as is_person
        from callers
        semi join aliases on callers.alias = aliases.alias
        union all by name
        select kept_ids.holder_key, false as is_person
        from kept_ids
        semi join logins on kept_ids.id = logins.login
    )

select found.holder_key, bool_or(found.is_person) as is_person
from found
group by found.holder_key
