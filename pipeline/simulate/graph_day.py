"""An ordinary day of Microsoft Graph: what mail and chat clients call with the tokens that Entra gave them, one person who
tries Microsoft's own Graph Explorer, and one application that writes reports.
"""

from datetime import datetime, timedelta

from pipeline.simulate import automation
from pipeline.simulate.estate import GRAPH, OFFICE_HOME, OUTLOOK_MOBILE, TEAMS, App
from pipeline.simulate.graph_activity import GraphCaller
from pipeline.simulate.networks import AZURE
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import jitter, later
from pipeline.simulate.world import World

GRAPH_EXPLORER = App("Graph Explorer", "de8bc8b5-d9f9-48b1-a8ad-b748da725064")
CALLS: dict[str, tuple[tuple[str, str, int], ...]] = {
    TEAMS.app_id: (
        ("GET", "/me/joinedTeams", 200),
        ("GET", "/me/chats?$top=20", 200),
        ("GET", "/users/{user}/presence", 200),
        ("GET", "/users/{user}/photo/$value", 404),  # most people have none
    ),
    OUTLOOK_MOBILE.app_id: (
        ("GET", "/me/mailFolders/inbox/messages?$top=25&$select=subject,from,receivedDateTime", 200),
        ("GET", "/me/calendarView?startDateTime=2026-02-18T00:00:00Z&endDateTime=2026-02-19T00:00:00Z", 200),
        ("PATCH", "/me/messages/{message}", 200),
    ),
    OFFICE_HOME.app_id: (
        ("GET", "/me/drive/recent", 200),
        ("GET", "/me", 200),
        ("POST", "/search/query", 200),
    ),
    GRAPH_EXPLORER.app_id: (("GET", "/me", 200), ("GET", "/me/manager", 404), ("GET", "/me/memberOf", 200)),
}
REPORTS = (
    "/reports/getOffice365ActiveUserDetail(period='D7')",
    "/reports/getMailboxUsageDetail(period='D7')",
    "/users?$select=id,displayName,assignedLicenses&$top=999",
    "/subscribedSkus",
)
REPORTING_APP = "svc-reporting"


def run(world: World, shifts: dict[str, Shift], day: datetime) -> None:
    call_with_sign_ins(world)
    explore(world, shifts["jonas"])
    write_reports(world, day)


def call_with_sign_ins(world: World) -> None:
    """A call or two with each token that Entra gave to a client of mail, chat or the start page."""
    rng = world.stream("graph calls")
    others = list(world.estate.people.values())
    for delivery in list(world.logbook.deliveries):
        properties = delivery.record.get("properties", {})
        calls = CALLS.get(properties.get("appId", ""))
        if not delivery.source.startswith("entra_signin") or not calls or properties["status"]["errorCode"]:
            continue
        caller = GraphCaller(
            properties["appId"], properties["ipAddress"], properties["userAgent"], properties
        )
        for method, path, status in rng.sample(calls, 1 + int(rng.random() * 2)):
            other = others[int(rng.random() * len(others))]
            path = path.format(user=other.object_id, message=f"AAMkAG{rng.getrandbits(96):024X}=")
            at = jitter(later(delivery.occurred_at, 2), 2400, rng)
            world.graph.call(caller, at, method, path, status)


def explore(world: World, shift: Shift) -> None:
    """Jonas tries Microsoft's own Graph Explorer; his consent to it is in the audit log."""
    at = later(shift.begins_at, 2 * 3600)
    device = shift.person.laptop
    world.signins.user(
        shift.person, at, shift.network, shift.source_ip, device, shift.sign_in(at)["sessionId"], GRAPH_EXPLORER, GRAPH,
        is_interactive=True, mfa_method="Previously satisfied",
    )  # fmt: skip
    sign_in = world.logbook.deliveries[-1].record["properties"]
    caller = GraphCaller(GRAPH_EXPLORER.app_id, shift.source_ip, device.user_agent, sign_in)
    for number, (method, path, status) in enumerate(CALLS[GRAPH_EXPLORER.app_id]):
        world.graph.call(caller, later(at, 90 + 40 * number), method, path, status)


def write_reports(world: World, day: datetime) -> None:
    rng = world.stream("graph reports")
    principal, source_ip = world.estate.principals[REPORTING_APP], AZURE.address(14)
    for hour in (6, 14):
        at = jitter(day + timedelta(hours=hour, minutes=20), 300, rng)
        automation.sign_in(world, principal, at, source_ip, GRAPH)
        sign_in = world.logbook.deliveries[-1].record["properties"]
        caller = GraphCaller(principal.app_id, source_ip, "python-requests/2.32.4", sign_in, principal)
        for path in REPORTS:
            at = jitter(later(at, 1), 8, rng)
            world.graph.call(caller, at, "GET", path, 200)
