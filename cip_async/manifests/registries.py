"""The rules for `registries:`, where a promoter manifest says what to read and where to write.

Any breach spoils the whole file: where to write is never guessed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from cip_async.errors import InvalidReference
from cip_async.manifests.fields import Findings
from cip_async.manifests.nodes import Mapping, Node, Scalar, Sequence
from cip_async.model.promoter_manifest import Gravity, Place, RegistryEntry
from cip_async.reference import RegistryPath, parse_registry_path

_FIELDS: Final = ("name", "service-account", "src")
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
# A leading dash would be taken for an option by the programs that are asked for an account's credentials.
_ACCOUNT: Final = re.compile(r"[^\s-]\S*")


@attrs.frozen(kw_only=True)
class Registries:
    """The one source of a promoter manifest, and where it promotes to."""

    source: RegistryEntry
    destinations: tuple[RegistryEntry, ...]


def registries(node: Node, findings: Findings) -> Registries | None:
    """What `registries:` says, or None where it cannot be understood."""
    if not isinstance(node, Sequence) or not node.items:
        expected = "a list of one source and the registries to promote to"
        findings.unexpected(node, "registries", expected, Gravity.FILE)
        return None
    before = len(findings.problems)
    entries = [entry for item in node.items if (entry := _entry(item, findings)) is not None]
    if len(findings.problems) > before:
        return None
    source = _source(entries, node, findings)
    destinations = tuple(_each_once((entry for entry in entries if not entry.is_source), findings))
    if not destinations:
        findings.add(node, "no registry to promote to is named: nothing is promoted", Gravity.WARNING)
    return Registries(source=source, destinations=destinations) if source else None


def _entry(node: Node, findings: Findings) -> RegistryEntry | None:
    if not isinstance(node, Mapping):
        findings.unexpected(node, "a registry", "the fields name, service-account and src", Gravity.FILE)
        return None
    fields = findings.fields(node, _FIELDS, Gravity.FILE)
    is_source = _flag(fields.get("src"), findings)
    account = _account(fields.get("service-account"), findings)
    if "name" not in fields:
        findings.add(node, "this registry has no name", Gravity.FILE)
        return None
    name = fields["name"]
    path = _path(name, findings)
    if path is None:
        return None
    return RegistryEntry(path=path, service_account=account, is_source=is_source, place=findings.place(name))


def _path(node: Node, findings: Findings) -> RegistryPath | None:
    if not isinstance(node, Scalar):
        findings.unexpected(node, "the name of a registry", "text", Gravity.FILE)
        return None
    try:
        return parse_registry_path(node.text)
    except InvalidReference as error:
        findings.add(node, str(error), Gravity.FILE)
        return None


def _flag(node: Node | None, findings: Findings) -> bool:
    if node is None:
        return False
    if isinstance(node, Scalar) and node.is_plain and node.text in _TRUE | _FALSE:
        return node.text in _TRUE
    findings.unexpected(node, "src", "true or false, without quotes", Gravity.FILE)
    return False


def _account(node: Node | None, findings: Findings) -> str | None:
    if node is None or (isinstance(node, Scalar) and (node.is_null or not node.text)):
        return None
    if isinstance(node, Scalar) and _ACCOUNT.fullmatch(node.text) and node.text.isprintable():
        return node.text
    findings.unexpected(node, "service-account", "the name of an account, without spaces", Gravity.FILE)
    return None


def _source(entries: Iterable[RegistryEntry], node: Node, findings: Findings) -> RegistryEntry | None:
    sources = [entry for entry in entries if entry.is_source]
    if not sources:
        findings.add(node, "no registry has src: true, expected exactly one", Gravity.FILE)
        return None
    for other in sources[1:]:
        first = sources[0].place.line
        findings.add_at(other.place, f"a second registry has src: true, the first is in line {first}", Gravity.FILE)
    return sources[0]


def _each_once(entries: Iterable[RegistryEntry], findings: Findings) -> Iterator[RegistryEntry]:
    first: dict[RegistryPath, Place] = {}
    for entry in entries:
        if entry.path in first:
            message = f"registry {entry.path} is here twice: the one in line {first[entry.path].line} counts"
            findings.add_at(entry.place, message, Gravity.WARNING)
        else:
            first[entry.path] = entry.place
            yield entry
