-- The score of each reset as a sum: log-odds points, each with its reason. Grain: reset_id, part_id. One part `prior` a reset,
-- and one
-- part `spread` where the signals run through several control domains in the order of an attack.
-- points = points of the detection × rarity × confidence × novelty × repetition, to four decimals, so that sums do not
-- depend on the order of adding; then cut where the control domain has given all that one domain can. What happened at the
-- reset itself counts only once something follows it.
with
    followed as (
        select weighed_signals.reset_id, bool_or(weighed_signals.follows) as has_followers
        from weighed_signals
        group by weighed_signals.reset_id
    ),

    repeated as (
        select
            weighed.*,
            rates.seen_count,
            rates.reset_count,
            rates.rarity,
            weighed.points_alone * rates.rarity as points_once,
            followed.has_followers,
            row_number() over (
                partition by weighed.reset_id, weighed.control_domain, weighed.family
                order by
                    weighed.points_alone * rates.rarity desc,
                    weighed.occurred_at,
                    weighed.detection,
                    weighed.event_id,
                    weighed.source,
                    weighed.tenant_id
            ) as repetition_number
        from weighed_signals as weighed
        inner join signal_rates as rates using (reset_id, detection)
        inner join followed using (reset_id)
    ),

    valued as (
        select
            repeated.*,
            power(repeated.repetition_number, - $repetition_exponent) as repetition,
            case
                when repeated.has_followers
                then round(repeated.points_once * power(repeated.repetition_number, - $repetition_exponent), 4)
                else 0
            end as points_before_cap
        from repeated
    ),

    -- the strongest first; what a domain gives beyond its cap is cut
    running as (
        select
            valued.*,
            domains.cap_points,
            domains.title as domain_title,
            sum(valued.points_before_cap) over (
                partition by valued.reset_id, valued.control_domain
                order by
                    valued.points_before_cap desc,
                    valued.occurred_at,
                    valued.detection,
                    valued.event_id,
                    valued.source,
                    valued.tenant_id
                rows unbounded preceding
            ) as so_far
        from valued
        inner join control_domains as domains using (control_domain)
    ),

    capped as (
        select
            running.*,
            round(
                greatest(
                    least(running.so_far, running.cap_points)
                    - least(running.so_far - running.points_before_cap, running.cap_points),
                    0
                ),
                4
            ) as points
        from running
    )

select
    capped.reset_id,
    md5(concat_ws('|', capped.reset_id, capped.detection, capped.source, capped.tenant_id, capped.event_id)) as part_id,
    capped.control_domain,
    capped.detection,
    capped.family,
    capped.event_id,
    capped.source,
    capped.tenant_id,
    capped.thing_id,
    capped.occurred_at,
    capped.points_base,
    capped.rarity,
    capped.confidence,
    capped.novelty,
    capped.repetition,
    capped.follows,
    capped.points_once,
    capped.points_before_cap,
    capped.points,
    capped.what || case
        when capped.rarity < 1
        then
            '; seen after '
            || round(capped.seen_count)::integer
            || ' of '
            || round(capped.reset_count)::integer
            || ' earlier resets here'
        else ''
    end
    || case
        when capped.novelty = $novelty_known
        then '; from a network and a client known before the reset'
        when capped.novelty = $novelty_known_network
        then '; from a network known before the reset, with a client that is new'
        when capped.novelty = $novelty_vouched
        then '; from a new network in which a known device of the person signed in too'
        when capped.novelty = $novelty_known_here
        then '; from a network that others here used before the reset'
        when capped.novelty = $novelty_unvouchable
        then '; from a new network, and no log of interactive sign-ins says whether a known device was there'
        else ''
    end
    || case when capped.confidence < 0.995 then '; path confidence ' || round(capped.confidence, 2) else '' end
    || case
        when capped.repetition_number = 1
        then ''
        when capped.family = capped.detection
        then '; repetition ' || capped.repetition_number
        else '; signal ' || capped.repetition_number || ' that tells the same (' || capped.family || ')'
    end
    || case
        when not capped.has_followers
        then '; counts only once something follows the reset'
        when capped.points < capped.points_before_cap
        then '; more than ' || capped.cap_points || ' points no one domain gives (' || capped.domain_title || ')'
        else ''
    end as reason
from capped
union all by name
select
    int_resets.reset_id,
    'prior' as part_id,
    int_resets.occurred_at,
    $prior_log_odds::double as points_base,
    $prior_log_odds::double as points_before_cap,
    $prior_log_odds::double as points,
    'before any signal: most resets are ordinary' as reason
from int_resets
union all by name
select
    spread.reset_id,
    'spread' as part_id,
    resets.occurred_at,
    round($spread_points * (spread.link_count - 1), 4) as points_before_cap,
    round($spread_points * (spread.link_count - 1), 4) as points,
    'signals run through '
    || spread.link_count
    || ' control domains in the order of an attack: '
    || replace(array_to_string(spread.route, ', then '), '_', ' ') as reason
from score_spread as spread
inner join int_resets as resets using (reset_id)
inner join followed using (reset_id)
where spread.link_count > 1 and followed.has_followers
