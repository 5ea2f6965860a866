-- The network behind each source address: its autonomous system where any log names it, else its /24 or /48, and when
-- anybody first used that network. Grain: source_ip.
with
    addresses as (
        select
            uses.source_ip,
            case
                when contains(uses.source_ip, ':')
                then array_to_string(string_split(uses.source_ip, ':')[:3], ':') || '::/48'
                else regexp_replace(uses.source_ip, '\.\d+$', '.0/24')
            end as block,
            min(uses.asn) as asn,
            min(uses.country) as country,
            min(uses.first_at) as first_seen_at
        from int_address_uses as uses
        group by uses.source_ip
    ),

    blocks as (
        select addresses.block, min(addresses.asn) as asn, min(addresses.country) as country
        from addresses
        group by addresses.block
    )

select
    addresses.source_ip,
    coalesce('AS' || coalesce(addresses.asn, blocks.asn), addresses.block) as network_id,
    coalesce(addresses.asn, blocks.asn) as asn,
    coalesce(addresses.country, blocks.country) as country,
    min(addresses.first_seen_at) over (partition by network_id) as first_seen_at
from addresses
inner join blocks using (block)
