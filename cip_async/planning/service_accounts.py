"""Which service account each registry entry is for, of all promoter manifests together."""

from cip_async.model.promoter_manifest import Gravity, Problem, PromoterManifests, RegistryEntry
from cip_async.reference import RegistryPath


def named_accounts(manifests: PromoterManifests) -> tuple[dict[RegistryPath, str], tuple[Problem, ...]]:
    """The account of each registry entry that some promoter manifest names one for, and where two disagree."""
    named: dict[RegistryPath, RegistryEntry] = {}
    problems: list[Problem] = []
    for manifest in manifests.manifests:
        for entry in (manifest.source, *manifest.destinations):
            if entry.service_account is None:
                continue
            first = named.setdefault(entry.path, entry)
            if first.service_account != entry.service_account:
                said = f"registry {entry.path} has service account {entry.service_account} here"
                message = f"{said}, and {first.service_account} at {first.place}"
                problems.append(Problem(entry.place, message, gravity=Gravity.FILE))
    accounts = {path: entry.service_account for path, entry in named.items() if entry.service_account is not None}
    return accounts, tuple(sorted(problems))
