-- Rights granted, trust widened, data shared: ends of a path that an owner must close. Grain: to_thing_id, kind, event.
with
    acts as (
        select * from int_event_holders where int_event_holders.outcome = 'success' and int_event_holders.thing_id is not null
    )

-- rights granted, trust widened, data shared: ends of a path that an owner must close
select
    acts.occurred_at,
    acts.thing_id as from_thing_id,
    case
        when
            acts.target_tenant_id is not null
            and acts.action in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
        then 'aws-account:' || acts.target_tenant_id
        when acts.action in ('CreateUser', 'Add user', 'user.lifecycle.create')
        then 'principal:' || acts.tenant_id || '/' || coalesce(acts.target_name, acts.target_id)
        else 'grant:' || acts.tenant_id || '/' || coalesce(acts.target_name, acts.target_id, acts.event_id)
    end as to_thing_id,
    case
        when
            acts.target_tenant_id is not null
            and acts.action in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
        then 'foreign_account'
        when acts.action in ('CreateUser', 'Add user', 'Add service principal', 'CreateRole', 'user.lifecycle.create')
        then 'principal'
        else 'grant'
    end as to_kind,
    case
        when
            acts.target_tenant_id is not null
            and acts.action in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
        then 'shares'
        when acts.action in ('CreateUser', 'Add user', 'Add service principal', 'CreateRole', 'user.lifecycle.create')
        then 'creates_principal'
        else 'grants'
    end as kind,
    acts.confidence,
    acts.source,
    acts.tenant_id,
    acts.event_id,
    case
        when
            acts.target_tenant_id is not null
            and acts.action in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
        then 'shared ' || acts.target_id || ' with account ' || acts.target_tenant_id
        else acts.action || coalesce(' on ' || coalesce(acts.target_name, acts.target_id), '')
    end as why
from acts
inner join granting_actions on acts.source = granting_actions.source and lower(acts.action) = lower(granting_actions.action)
where
    acts.action not in ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute')
    or acts.target_tenant_id is not null
