"""Promotions cost the floor, as the registries count, and reports tell what they cost and what the floor is.

What no registry can spare a client is told apart: tokens, challenges, and one PUT to each host that finds out whether
it takes several tags at once.
"""

import base64
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

import attrs
import pytest
from anyio import to_thread

from cip_async.fake_registry import images
from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.tokens import TokenAuth
from cip_async.model.cost import Cause
from cip_async.model.outcome import Fate
from cip_async.promoter import Promoter
from cip_async.reporting.costs import Spending, bytes_read, bytes_sent, causes, requests_to_promote
from cip_async.reporting.totals import total
from tests.service.conftest import QUICK, ServeHosts
from tests.service.promoter.least import (
    PLATFORMS,
    Held,
    Kind,
    Ran,
    Scenario,
    Wish,
    all_of,
    least,
    nested,
    release,
)
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

GOOGLE: Final = Kind(rules=Rules.google, source="gcr.io", is_google=True)
PLAIN: Final = Kind(rules=Rules, source="registry.example", takes_several_tags=True)
DISTRIBUTION: Final = Kind(rules=Rules.distribution, source="registry.example")
KINDS: Final = {"google": GOOGLE, "plain": PLAIN, "distribution": DISTRIBUTION}


class Promote(Protocol):
    """Serves what a scenario begins with, and promotes what it wants. `prepare` is called before."""

    async def __call__(
        self, scenario: Scenario, *, prepare: Callable[[Staging], object] = ..., **options: object
    ) -> Ran: ...


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def begin(serve_hosts: ServeHosts, tmp_path: Path) -> Callable[[Scenario], Awaitable[Staging]]:
    async def begun(scenario: Scenario) -> Staging:
        source = scenario.kind.source
        hosts = dict.fromkeys([source, *(mirror.partition("/")[0] for mirror in scenario.mirrors)])
        servers = await serve_hosts(*hosts, rules=scenario.kind.rules)
        staging = Staging(servers, tmp_path, source=source, mirrors=scenario.mirrors)
        for wish in scenario.wishes:
            staging.push(wish.name, wish.image, *wish.tags)
            for mirror, held in scenario.held.items():
                if wish.image.digest in held:
                    host, _, path = f"{mirror}/prod/{wish.name}".partition("/")
                    images.push(servers[host].store, path, wish.image, held[wish.image.digest])
        return staging

    return begun


@pytest.fixture
def promote(begin: Callable[[Scenario], Awaitable[Staging]], promoter_for: Callable[..., Promoter]) -> Promote:
    async def promoted(
        scenario: Scenario, *, prepare: Callable[[Staging], object] = lambda _: None, **options: object
    ) -> Ran:
        staging = await begin(scenario)
        await to_thread.run_sync(prepare, staging)
        async with promoter_for(staging, confirm=True, **options) as promoter:
            report = await promoter.run(await staging.manifests())
        assert not report.failures
        assert set(total(report).fates) <= {Fate.PROMOTED, Fate.ALREADY_PROMOTED}
        counted = Counter(
            (name, entry.call_class.value)
            for name, host in staging.servers.registries.items()
            for entry in host.ledger.entries
        )
        return Ran(report, nested(counted), least(scenario))

    return promoted


def everything(wishes: Iterable[Wish]) -> Held:
    return {wish.image.digest: wish.tags for wish in wishes}


def trials(kind: Kind, hosts: int) -> dict[Cause, int]:
    """One PUT to each plain host finds out that it takes one tag at a time; where it takes several, none is lost."""
    return {} if kind.is_google or kind.takes_several_tags else {Cause.PROBES: hosts}


async def test_a_run_that_finds_nothing_to_do_lists_and_that_is_all(promote: Promote, kind: Kind) -> None:
    wishes, mirrors = release(), kind.elsewhere
    ran = await promote(
        Scenario(kind=kind, mirrors=mirrors, wishes=wishes, held=dict.fromkeys(mirrors, everything(wishes)))
    )
    ran.assert_at_the_floor()
    assert set(total(ran.report).fates) == {Fate.ALREADY_PROMOTED}
    assert ran.spent.keys() == set(mirrors)


async def test_a_release_within_a_host_mounts_each_blob_once(promote: Promote, kind: Kind) -> None:
    ran = await promote(Scenario(kind=kind, mirrors=kind.at_home, wishes=release()))
    ran.assert_at_the_floor(trials(kind, 1))
    assert "upload" not in ran.spent[kind.source]


async def test_a_release_to_other_hosts_reads_each_blob_once_and_sends_it_once_to_each(
    promote: Promote, kind: Kind
) -> None:
    wishes = release()
    ran = await promote(Scenario(kind=kind, mirrors=kind.elsewhere, wishes=wishes))
    ran.assert_at_the_floor(trials(kind, 3))
    blobs = {digest: content for wish in wishes for digest, content in wish.image.all_blobs.items()}
    size_bytes = sum(content.size_bytes for content in blobs.values())
    assert bytes_read(ran.report) == Spending(spent=size_bytes, floor=size_bytes)
    assert bytes_sent(ran.report) == Spending(spent=3 * size_bytes, floor=3 * size_bytes)


async def test_a_new_mirror_is_filled_and_the_others_are_only_listed(promote: Promote, kind: Kind) -> None:
    wishes = release(tags=("v1",))
    new, *old = kind.elsewhere
    ran = await promote(
        Scenario(kind=kind, mirrors=kind.elsewhere, wishes=wishes, held=dict.fromkeys(old, everything(wishes)))
    )
    ran.assert_at_the_floor()
    assert all(set(ran.spent[mirror]) <= {"tags", "manifest-head"} for mirror in old)
    assert "upload" in ran.spent[new]


async def test_missing_tags_take_each_image_manifest_once_and_no_blob(promote: Promote, kind: Kind) -> None:
    wishes = [Wish(f"app{n}", images.single(seed=f"{n}"), ("v1", "stable", "latest")) for n in range(20)]
    held: Held = {wish.image.digest: wish.tags[:1] for wish in wishes}
    ran = await promote(
        Scenario(kind=kind, mirrors=kind.elsewhere, wishes=wishes, held=dict.fromkeys(kind.elsewhere, held))
    )
    ran.assert_at_the_floor(trials(kind, 3))
    assert all(ran.spent[mirror].keys() <= {"tags", "manifest-head", "tag-put"} for mirror in kind.elsewhere)


async def test_what_is_wanted_without_a_tag_takes_one_put_in_each_mirror(promote: Promote, kind: Kind) -> None:
    ran = await promote(Scenario(kind=kind, mirrors=kind.elsewhere, wishes=release(tags=())))
    ran.assert_at_the_floor()
    assert all("tag-put" not in ran.spent[mirror] for mirror in kind.elsewhere)


async def test_many_tags_take_as_few_puts_as_the_host_lets_them(promote: Promote, kind: Kind) -> None:
    wishes = release(tags=[f"v{number}" for number in range(25)])
    ran = await promote(Scenario(kind=kind, mirrors=kind.elsewhere, wishes=wishes))
    ran.assert_at_the_floor(trials(kind, 3))
    assert all(
        ran.floor[mirror]["tag-put"] == len(wishes) * (3 if kind.takes_several_tags else 25)
        for mirror in kind.elsewhere
    )


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_where_no_mount_is_granted_each_repository_gets_the_bytes_into_what_the_mount_opened(
    promote: Promote, kind: Kind, elsewhere: bool
) -> None:
    kind = attrs.evolve(kind, mounts=False)

    def refuse(staging: Staging) -> None:
        for host in staging.servers.registries.values():
            host.rules.mounts = False

    mirrors = kind.elsewhere if elsewhere else kind.at_home
    ran = await promote(Scenario(kind=kind, mirrors=mirrors, wishes=release()), prepare=refuse)
    beyond = dict(trials(kind, 3 if elsewhere else 1))
    again = causes(ran.report).get(Cause.READ_AGAIN, 0)
    later_repositories = len(mirrors) * 2
    assert again <= later_repositories, "what all share may be let go before one comes to need it, which reads a mirror"
    ran.assert_at_the_floor({**beyond, Cause.READ_AGAIN: again} if again else beyond)


async def test_an_index_whose_children_are_there_takes_one_read_and_its_tags(promote: Promote) -> None:
    index = images.multi_arch(seed="index", platforms=PLATFORMS)
    wishes = [Wish("app", index, ("v1", "v2")), *(Wish("app", child) for child in index.children)]
    there: Held = {child.digest: () for child in index.children}
    ran = await promote(
        Scenario(kind=GOOGLE, mirrors=GOOGLE.elsewhere, wishes=wishes, held=dict.fromkeys(GOOGLE.elsewhere, there))
    )
    assert ran.spent == {
        "gcr.io": {"manifest-get": 1},
        **{mirror: {"tags": 1, "tag-put": 2} for mirror in GOOGLE.elsewhere},
    }
    assert not ran.report.cost.excess


async def test_where_mounts_from_other_hosts_are_granted_each_blob_takes_one_and_none_is_read(
    promote: Promote,
) -> None:
    def grant(staging: Staging) -> None:
        for host in staging.servers.registries.values():
            host.rules.origin_mounts = "honoured"

    wishes = release()
    ran = await promote(Scenario(kind=GOOGLE, mirrors=GOOGLE.elsewhere, wishes=wishes), prepare=grant)
    in_repositories = {(wish.name, blob) for wish in wishes for blob in wish.image.all_blobs}
    assert all(ran.spent[mirror]["mount"] == len(in_repositories) for mirror in GOOGLE.elsewhere)
    assert "blob-get" not in ran.spent["gcr.io"]
    assert not ran.report.cost.excess
    assert all_of(ran.spent) == sum(line.requests for line in ran.report.cost.floor)


@pytest.mark.parametrize("number_of_images", [2, 8])
async def test_mounts_in_vain_are_as_many_as_hosts_allow_and_no_more_for_more_images(
    promote: Promote, number_of_images: int
) -> None:
    """One refusal by each host tells enough."""

    def deny(staging: Staging) -> None:
        for host in staging.servers.registries.values():
            host.rules.origin_mounts = "denied"

    ran = await promote(
        Scenario(kind=GOOGLE, mirrors=GOOGLE.elsewhere, wishes=release(number_of_images)),
        prepare=deny,
        settings=attrs.evolve(QUICK, threads=2),
    )
    beyond = causes(ran.report)
    ran.assert_beyond(beyond)
    assert beyond.keys() == {Cause.REFUSED_MOUNTS}
    assert beyond[Cause.REFUSED_MOUNTS] == len(GOOGLE.elsewhere)


async def test_a_single_tag_of_a_plain_repository_is_asked_for_and_nothing_is_listed(promote: Promote) -> None:
    wishes = [Wish(f"app{number}", images.single(seed=f"{number}"), ("v1",)) for number in range(4)]
    _, *old = PLAIN.elsewhere
    ran = await promote(
        Scenario(kind=PLAIN, mirrors=PLAIN.elsewhere, wishes=wishes, held=dict.fromkeys(old, everything(wishes)))
    )
    ran.assert_at_the_floor()
    assert all(ran.spent[mirror] == {"manifest-head": len(wishes)} for mirror in old)


async def test_what_an_inventory_remembers_is_not_in_the_floor(
    begin: Callable[[Scenario], Awaitable[Staging]],
    promoter_for: Callable[..., Promoter],
    tmp_path: Path,
    kind: Kind,
) -> None:
    """A document whose bytes are kept is not read again; a plain source is asked whether it still has it."""
    scenario = Scenario(kind=kind, mirrors=kind.elsewhere, wishes=release())
    staging = await begin(scenario)
    first, *others = kind.elsewhere
    async with promoter_for(staging, confirm=True, inventory=tmp_path / "inventory") as promoter:
        await promoter.run(await staging.manifests(), to=[first])
        staging.forget_requests()
        report = await promoter.run(await staging.manifests(), to=others)

    of_source = Counter(entry.call_class.value for entry in staging.servers[kind.source].ledger.entries)
    blobs = len({digest for wish in scenario.wishes for digest in wish.image.all_blobs})
    if kind.is_google:
        assert of_source == {"tags": 3, "blob-get": blobs}
    else:
        assert of_source == {"manifest-head": len(scenario.wishes), "blob-get": blobs}
    assert causes(report) == trials(kind, len(others))


async def test_an_image_that_is_also_a_child_is_put_once_with_its_tags(promote: Promote) -> None:
    index = images.multi_arch(seed="index")
    wishes = [Wish("app", index, ("v1",)), *(Wish("app", child, (child.platform,)) for child in index.children)]
    ran = await promote(Scenario(kind=GOOGLE, mirrors=GOOGLE.elsewhere, wishes=wishes))
    puts = {mirror: ran.spent[mirror].get("manifest-put", 0) for mirror in GOOGLE.elsewhere}
    written_again = sum(puts.values())
    assert causes(ran.report) == ({Cause.WRITTEN_AGAIN: written_again} if written_again else {})


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_tokens_are_told_apart_and_are_few(promote: Promote, kind: Kind, tmp_path: Path, elsewhere: bool) -> None:
    """One token reads a repository, and one writes into it and mounts from another."""
    wishes = release(12, images_a_name=6, layers=6)
    mirrors = kind.elsewhere if elsewhere else kind.at_home
    hosts = {kind.source, *(mirror.partition("/")[0] for mirror in mirrors)}

    def guard(staging: Staging) -> None:
        login = {"auth": base64.b64encode(b"me:secret").decode()}
        (tmp_path / "config.json").write_text(json.dumps({"auths": dict.fromkeys(hosts, login)}))
        for host in staging.servers.registries.values():
            host.auth = TokenAuth(Accounts({"me": "secret"}))

    ran = await promote(Scenario(kind=kind, mirrors=mirrors, wishes=wishes), prepare=guard)

    tokens = sum(of_host.pop("token") for of_host in ran.spent.values())
    beyond = causes(ran.report)
    assert beyond[Cause.TOKENS] == tokens
    assert beyond[Cause.CHALLENGES] <= 2 * len(hosts)
    repositories = len({wish.name for wish in wishes}) * (1 + len(mirrors))
    assert tokens <= 3 * repositories
    assert beyond.keys() <= {Cause.TOKENS, Cause.CHALLENGES, Cause.PROBES}
    assert all_of(ran.spent) + tokens == all_of(ran.floor) + sum(beyond.values())
    assert all_of(ran.spent) + tokens <= 1.02 * all_of(ran.floor)


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_dry_run_costs_its_listings_and_tells_what_a_promotion_takes_at_the_least(
    begin: Callable[[Scenario], Awaitable[Staging]],
    promoter_for: Callable[..., Promoter],
    tmp_path: Path,
    kind: Kind,
    keeps: bool,
) -> None:
    scenario = Scenario(kind=kind, mirrors=kind.elsewhere, wishes=release())
    staging = await begin(scenario)
    async with promoter_for(staging, inventory=tmp_path / "inventory" if keeps else None) as promoter:
        report = await promoter.run(await staging.manifests())
    counted = sum(len(host.ledger.entries) for host in staging.servers.registries.values())
    assert counted == sum(line.requests for line in report.cost.floor)
    assert not report.cost.excess
    floor = least(scenario)
    certain = sum(floor[mirror].get(each, 0) for mirror in kind.elsewhere for each in ("tags", "manifest-head"))
    certain += floor[kind.source].get("tags", 0)
    if not (kind.is_google and keeps):  # documents of earlier runs would not be read
        certain += len(scenario.wishes)
    certain += sum(3 * (1 if not kind.is_google else len(wish.tags)) for wish in scenario.wishes)
    assert requests_to_promote(report) == certain


class TestCauses:
    """What goes beyond the floor is told with its cause, and leaves the floor as it is."""

    @staticmethod
    def one_image(kind: Kind = GOOGLE, *, tags: tuple[str, ...] = ("v1", "v2", "v3")) -> Scenario:
        return Scenario(kind=kind, mirrors=kind.elsewhere, wishes=[Wish("app", images.single(seed="one"), tags)])

    @pytest.mark.parametrize(
        ("fault", "struck", "cause"),
        [
            ("429-bare", "tag-put", Cause.THROTTLED),
            ("429-bare", "mount", Cause.THROTTLED),
            ("500", "manifest-get", Cause.RETRIES),
            ("reset", "tags", Cause.RETRIES),
            ("content-unknown", "tag-put", Cause.REFUSED_PUTS),
        ],
    )
    async def test_faults(self, promote: Promote, fault: str, struck: str, cause: Cause) -> None:
        def spoil(staging: Staging) -> None:
            staging.servers["gcr.io"].faults.add(fault, on=[struck], times=2)

        scenario = Scenario(
            kind=GOOGLE, mirrors=GOOGLE.at_home, wishes=[Wish("app", images.single(seed="one"), ("v1",))]
        )
        ran = await promote(scenario, prepare=spoil)
        assert causes(ran.report)[cause] == 2
        ran.assert_beyond(causes(ran.report))

    async def test_redirects(self, promote: Promote) -> None:
        def send_away(staging: Staging) -> None:
            source = staging.servers["gcr.io"]
            source.rules.blobs_redirect_to = staging.servers.endpoints["gcr.io"]

        scenario = self.one_image()
        ran = await promote(scenario, prepare=send_away)
        ran.assert_beyond({Cause.REDIRECTS: len(scenario.wishes[0].image.all_blobs)})
        assert bytes_read(ran.report).spent == bytes_read(ran.report).floor

    async def test_further_pages(self, promote: Promote) -> None:
        def page(staging: Staging) -> None:
            for mirror in PLAIN.elsewhere:
                staging.servers[mirror].rules.page_size = 3

        tags = tuple(f"v{number}" for number in range(8))
        scenario = attrs.evolve(
            self.one_image(PLAIN, tags=tags),
            held=dict.fromkeys(PLAIN.elsewhere, everything(self.one_image(PLAIN, tags=tags).wishes)),
        )
        ran = await promote(scenario, prepare=page)
        ran.assert_beyond({Cause.LISTING_PAGES: 3 * 2})

    async def test_tags_that_are_asked_for_again(self, promote: Promote) -> None:
        ran = await promote(self.one_image(), settings=attrs.evolve(QUICK, listing_trusted_s=0.0))
        ran.assert_beyond({Cause.RECHECKS: 3 * 3})
