"""Parts of Entra sign-in rows: place, device, authentication steps, and the result codes that occur."""

from datetime import datetime

from pipeline.simulate.logbook import Record
from pipeline.simulate.networks import Network
from pipeline.simulate.people import Device
from pipeline.simulate.times import offset_text

MFA_DONE = "MFA completed in Azure AD"
FAILURES = {
    50126: "Error validating credentials due to invalid username or password.",
    50072: "Due to a configuration change made by your administrator, or because you moved to a new location, "
    "you must enroll in multi-factor authentication.",
    50173: "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
}


def place_of(network: Network) -> Record:
    return {
        "city": network.city,
        "state": network.state,
        "countryOrRegion": network.country,
        "geoCoordinates": {"latitude": network.latitude, "longitude": network.longitude},
    }


def device_detail(device: Device | None, user_agent_device: Device) -> Record:
    """An unknown device has no id, only what its user agent tells."""
    if device is None:
        seen = user_agent_device
        return {"deviceId": "", "operatingSystem": seen.operating_system, "browser": seen.browser}
    return {
        "deviceId": device.device_id,
        "displayName": device.name,
        "operatingSystem": device.operating_system,
        "browser": device.browser,
        "isCompliant": device.is_managed,
        "isManaged": device.is_managed,
        "trustType": device.trust_type,
    }


def authentication_details(
    at: datetime, mfa_method: str | None, is_interactive: bool, error_code: int
) -> list[Record]:
    if not is_interactive:
        return []
    is_wrong_password = error_code == 50126
    steps = [
        (
            "Password",
            "Invalid password" if is_wrong_password else "Correct password",
            "Primary authentication",
        )
    ]
    if mfa_method == "Previously satisfied":
        steps.append(
            (mfa_method, "MFA requirement satisfied by claim in the token", "Multi-factor authentication")
        )
    elif mfa_method:
        steps.append((mfa_method, MFA_DONE, "Multi-factor authentication"))
    return [
        {
            "authenticationStepDateTime": offset_text(at),
            "authenticationMethod": method,
            "succeeded": not is_wrong_password,
            "authenticationStepResultDetail": detail,
            "authenticationStepRequirement": requirement,
            "StatusSequence": 0,
            "RequestSequence": 0,
        }
        for method, detail, requirement in steps
    ]
