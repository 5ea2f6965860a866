"""Names that nobody bears: of people, of organisations, of what machines are called there."""

from random import Random

FIRST_NAMES = (
    "Ada", "Ahmed", "Aiko", "Alma", "Amara", "Andrzej", "Anika", "Arjun", "Astrid", "Aylin", "Beatriz", "Bjorn", "Carla",
    "Chen", "Clara", "Daniel", "Devi", "Diego", "Edith", "Elif", "Emil", "Esther", "Farid", "Femi", "Frida", "Gita",
    "Greta", "Hamid", "Helga", "Henrik", "Ida", "Igor", "Imani", "Irene", "Isak", "Jamila", "Jana", "Joris", "Juan",
    "Kalle", "Kamala", "Karin", "Kofi", "Lars", "Leila", "Lorenzo", "Lucia", "Magnus", "Malik", "Marta", "Mei", "Milan",
    "Naomi", "Nils", "Noor", "Olga", "Omar", "Paula", "Pavel", "Priya", "Rafael", "Ravi", "Rita", "Ronja", "Samir",
    "Sanne", "Selma", "Sofia", "Stefan", "Sunil", "Tariq", "Thea", "Tomas", "Umar", "Vera", "Wim", "Yara", "Yuki", "Zain",
)  # fmt: skip
SURNAMES = (
    "Abara", "Adler", "Alonso", "Andersen", "Baker", "Bakker", "Bauer", "Becker", "Bianchi", "Blom", "Brandt", "Castro",
    "Cohen", "Cruz", "Dale", "Diaz", "Dubois", "Eklund", "Farkas", "Fontaine", "Garcia", "Gruber", "Haas", "Hakim",
    "Hansen", "Horvat", "Ibrahim", "Ivanov", "Jansen", "Kaya", "Khan", "Kimura", "Klein", "Kovacs", "Kumar", "Lang",
    "Larsen", "Lehmann", "Lopez", "Maes", "Marin", "Meyer", "Mori", "Nagy", "Nielsen", "Novak", "Okoro", "Olsen", "Patel",
    "Peeters", "Popov", "Quist", "Rahman", "Reyes", "Rossi", "Sand", "Santos", "Sharma", "Simon", "Soto", "Stone",
    "Suzuki", "Tanaka", "Toth", "Urban", "Varga", "Vogel", "Wagner", "Wolf", "Yilmaz", "Young", "Zeman", "Ziegler",
)  # fmt: skip
BEGINNINGS = (
    "alder", "amber", "birch", "bright", "cedar", "clear", "cobalt", "copper", "dawn", "ember", "fern", "flint", "gold",
    "granite", "green", "harbour", "hazel", "heath", "iron", "juniper", "lake", "maple", "meadow", "mill", "north", "oak",
    "otter", "pine", "quarry", "red", "ridge", "river", "sage", "silver", "slate", "spruce", "stone", "summit", "tide",
    "willow",
)  # fmt: skip
ENDINGS = (
    "bank", "bridge", "brook", "field", "foods", "forge", "freight", "gate", "health", "hill", "labs", "line", "logistics",
    "mark", "media", "motors", "point", "retail", "stream", "systems", "tools", "trade", "ware", "works", "yard",
)  # fmt: skip
TAILS = ("example.com", "example.org", "example.net", "example")
MACHINE_PREFIXES = ("svc-", "sa-", "app-", "bot-", "")
MACHINES = {
    "deploy-bot": ("deploy-bot", "release-runner", "pipeline-deployer", "shipit"),
    "reports-export": ("reports-export", "bi-extract", "weekly-figures", "export-job"),
    "svc-deploy-automation": ("deploy-automation", "release-automation", "gitops-sync", "infra-pipeline"),
    "svc-reporting": ("reporting", "bi-refresh", "figures", "dashboards"),
    "svc-blob-pipeline": ("blob-pipeline", "file-mover", "lake-loader", "intake"),
    "ci-build": ("ci-build", "github-builder", "build-runner", "ci-artifacts"),
    "orders-service": ("orders-service", "checkout-api", "booking-backend", "ledger-api"),
    "nightly-etl": ("nightly-etl", "lake-refresh", "spark-batch", "warehouse-load"),
    "data-deploy": ("data-deploy", "lake-release", "etl-deployer", "dataops-apply"),
    "analytics-read": ("analytics-read", "bi-reader", "lake-readonly", "query-role"),
}
SECRETS = (
    "sql-reporting-password", "aws-deploy-access-key", "smtp-relay-password", "webhook-signing-key",
    "partner-sftp-password", "datalake-sas-signing", "payment-api-token", "maps-api-key", "erp-service-password",
    "crm-client-secret",
)  # fmt: skip


def organisation_name(seed: int) -> tuple[str, str]:
    """Its short name and its domain. The number in the name keeps organisations apart."""
    rng = Random(f"{seed}/organisation")
    name = f"{rng.choice(BEGINNINGS)}{rng.choice(ENDINGS)}{seed % 100_000}"
    return name, f"{name}.{rng.choice(TAILS)}"


def logins(count: int, rng: Random) -> list[tuple[str, str, str]]:
    """`count` different (login, first name, surname), all in the way of writing of one organisation."""
    style = rng.choice(("first.last", "flast", "first", "last"))
    pairs = [(first, last) for first in FIRST_NAMES for last in SURNAMES]
    taken: dict[str, tuple[str, str, str]] = {}
    for first, last in rng.sample(pairs, min(len(pairs), 12 * count)):
        login = {
            "first.last": f"{first}.{last}",
            "flast": f"{first[0]}{last}",
            "first": first,
            "last": last,
        }[style].lower()
        if login in taken:
            login = f"{login}{len(taken)}"
        taken[login] = (login, first, last)
        if len(taken) == count:
            break
    return list(taken.values())


def machine_names(rng: Random) -> dict[str, str]:
    prefix = rng.choice(MACHINE_PREFIXES)
    return {key: prefix + rng.choice(choices) for key, choices in MACHINES.items()}
