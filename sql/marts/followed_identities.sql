-- What became of each credential, principal, consent and ownership that what was reached brought into being. Grain: reset_id,
-- thing_id. A network counts as known where the same principal used it before the reset, as reached where what was reached by
-- another way did in the window; the worst use gives the verdict.
with
    -- not through the thing itself: its own uses are reached, too
    reached_networks as (
        select distinct made.reset_id, made.thing_id, holders.network_id
        from int_made_identities as made
        inner join reach on made.reset_id = reach.reset_id and not list_contains(reach.path, made.event_id)
        inner join int_resets as resets on made.reset_id = resets.reset_id
        inner join
            int_event_holders as holders
            on reach.thing_id = holders.thing_id
            and holders.occurred_at >= reach.first_reached_at
            and holders.occurred_at < resets.occurred_at + $window
        where holders.network_id is not null
    ),

    placed as (
        select
            uses.*,
            coalesce(
                networks.network_id,
                'AS' || uses.asn,
                case
                    when contains(uses.source_ip, ':')
                    then array_to_string(string_split(uses.source_ip, ':')[:3], ':') || '::/48'
                    else regexp_replace(uses.source_ip, '\.\d+$', '.0/24')
                end
            ) as network_id
        from int_made_uses as uses
        left join int_networks as networks using (source_ip)
    ),

    judged as (
        select
            placed.*,
            case
                when known.first_seen_at < resets.occurred_at
                then 'used_by_known_automation'
                when reached_networks.network_id is not null
                then 'used_from_reached_network'
                when placed.network_id is null
                then 'used_from_within_the_cloud'
                else 'used_elsewhere'
            end as verdict
        from placed
        inner join int_resets as resets on placed.reset_id = resets.reset_id
        left join
            int_principal_networks as known on placed.principal_id = known.principal_id and placed.network_id = known.network_id
        left join
            reached_networks
            on placed.reset_id = reached_networks.reset_id
            and placed.thing_id = reached_networks.thing_id
            and placed.network_id = reached_networks.network_id
    ),

    used as (
        select
            judged.reset_id,
            judged.thing_id,
            min(
                case
                    judged.verdict
                    when 'used_from_reached_network'
                    then 1
                    when 'used_elsewhere'
                    then 2
                    when 'used_from_within_the_cloud'
                    then 3
                    else 4
                end
            ) as rank,
            min(judged.first_used_at) as first_used_at,
            max(judged.last_used_at) as last_used_at,
            min(struct_pack(at := judged.first_used_at, event_id := judged.first_event_id)).event_id as first_use_event_id,
            sum(judged.use_count)::bigint as use_count,
            list_sort(list_filter(list(distinct judged.network_id), lambda id:id is not null)) as networks
        from judged
        group by all
    )

select
    made.reset_id,
    made.thing_id,
    made.kind,
    made.made_how,
    made.why,
    made.made_by,
    made.event_id,
    case
        used.rank
        when 1
        then 'used_from_reached_network'
        when 2
        then 'used_elsewhere'
        when 3
        then 'used_from_within_the_cloud'
        when 4
        then 'used_by_known_automation'
        else 'unused'
    end as verdict,
    used.first_use_event_id,
    coalesce(used.use_count, 0) as use_count,
    coalesce(used.networks, []) as networks,
    made.made_at,
    used.first_used_at,
    used.last_used_at
from int_made_identities as made
left join used using (reset_id, thing_id)
