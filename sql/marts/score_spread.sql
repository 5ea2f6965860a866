-- How far the signals of a reset run along the chain of an attack, forward in time: the longest row of signals whose control
-- domains come ever later in the chain (help desk, sessions, entitlements, non-human identities, secrets, data).
-- Grain: reset_id. Only signals that say something by themselves make a link.
with recursive
    links as (
        select distinct weighed.reset_id, domains.stage, domains.control_domain, weighed.occurred_at
        from weighed_signals as weighed
        inner join signal_rates as rates using (reset_id, detection)
        inner join control_domains as domains using (control_domain)
        where weighed.points_alone * rates.rarity >= $link_min_points
    ),

    -- chains that end in a stage with so many links: the one that ends first can be continued most
    chains(reset_id, stage, link_count, ends_at, route) as (
        select links.reset_id, links.stage, 1, min(links.occurred_at), [min(links.control_domain)]
        from links
        group by links.reset_id, links.stage
        union all
        select
            chains.reset_id,
            links.stage,
            chains.link_count + 1,
            min(links.occurred_at),
            arg_min(
                list_append(chains.route, links.control_domain),
                struct_pack(ends_at := links.occurred_at, route := array_to_string(chains.route, '>'))
            )
        from chains
        inner join
            links on chains.reset_id = links.reset_id and links.stage > chains.stage and links.occurred_at >= chains.ends_at
        group by chains.reset_id, links.stage, chains.link_count
    )

select
    chains.reset_id,
    max(chains.link_count) as link_count,
    arg_max(
        chains.route,
        struct_pack(
            link_count := chains.link_count, early := - epoch_us(chains.ends_at), route := array_to_string(chains.route, '>')
        )
    ) as route
from chains
group by chains.reset_id
