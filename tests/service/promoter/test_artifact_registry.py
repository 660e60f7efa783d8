"""Promotions into Artifact Registry: few requests where its API tells of many repositories, always the same outcome."""

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import attrs
import pytest

from cip_async.errors import InvalidSettings
from cip_async.fake_registry import images
from cip_async.fake_registry.auth import BearerAuth
from cip_async.fake_registry.docker_images import API_HOST
from cip_async.fake_registry.host import Latency
from cip_async.fake_registry.quotas import Bucket, Quotas
from cip_async.fake_registry.rules import Rules
from cip_async.inventory.store import InventoryStore
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.report import Report
from cip_async.promoter import Promoter
from cip_async.reference import Host, Repository
from cip_async.reporting.totals import total
from cip_async.settings import Rate, Settings
from tests.service.conftest import QUICK, ServeHosts
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]

MIRRORS = ("europe-west1-docker.pkg.dev", "us-west1-docker.pkg.dev")
NAMES = tuple(f"app{number}" for number in range(6))


class Prepare(Protocol):
    """Lets each mirror hold all that is wanted, but for `lacking` names and with untagged `children` of each image."""

    def __call__(self, *, lacking: tuple[str, ...] = (), children: int = 0) -> Awaitable[Staging]: ...


@pytest.fixture
def prepare(serve_hosts: ServeHosts, tmp_path: Path) -> Prepare:
    async def start(*, lacking: tuple[str, ...] = (), children: int = 0) -> Staging:
        servers = await serve_hosts("gcr.io", *MIRRORS, API_HOST, rules=Rules.google)
        staging = Staging(servers, tmp_path, mirrors=MIRRORS, prefix="prod/images")
        fill(staging, lacking, children)
        return staging

    return start


def fill(staging: Staging, lacking: tuple[str, ...] = (), children: int = 0) -> None:
    platforms = [f"os{number}" for number in range(children)]
    for name in NAMES:
        for tag in ("v1", "v2"):
            seed = f"{name} {tag}"
            image = images.multi_arch(seed=seed, platforms=platforms) if children else images.single(seed=seed)
            staging.push(name, image, tag)
            if name not in lacking:
                for mirror in staging.mirrors:
                    images.push(staging.servers[mirror].store, f"{staging.prefix}/{name}", image, [tag])


def requests(staging: Staging) -> dict[str, dict[str, int]]:
    """How many requests of each class each host got, where it got any."""
    counted = {
        name: dict(Counter(entry.call_class.value for entry in host.ledger.entries))
        for name, host in staging.servers.registries.items()
    }
    return {name: classes for name, classes in counted.items() if classes}


def pages(entries: int, size: int) -> int:
    return -(-entries // size)


async def run(make: MakePromoter, staging: Staging, **options: Any) -> Report:
    async with make(staging, **options) as promoter:
        return await promoter.run(await staging.manifests())


def fates(report: Report) -> dict[Fate, int]:
    return dict(total(report).fates)


async def test_a_run_with_nothing_to_do_costs_one_page_for_each_mirror(
    prepare: Prepare, promoter_for: MakePromoter
) -> None:
    staging = await prepare()
    report = await run(promoter_for, staging)
    assert fates(report) == {Fate.ALREADY_PROMOTED: 2 * len(NAMES) * len(MIRRORS)}
    assert requests(staging) == {API_HOST: {"docker-images": len(MIRRORS)}}
    assert [(line.host, line.request_class, line.requests) for line in report.ledger] == [
        (API_HOST, "listing", len(MIRRORS))
    ]


@pytest.mark.parametrize("size", [2, 3, 4, 5, 7, 12])
async def test_a_walk_takes_as_many_pages_as_there_are_images(
    prepare: Prepare, promoter_for: MakePromoter, size: int
) -> None:
    staging = await prepare()
    staging.servers[API_HOST].rules.page_size = size
    report = await run(promoter_for, staging)
    assert fates(report) == {Fate.ALREADY_PROMOTED: 2 * len(NAMES) * len(MIRRORS)}
    walked = len(MIRRORS) * pages(2 * len(NAMES), size)
    assert requests(staging) == {API_HOST: {"docker-images": walked}}
    assert [(line.host, line.requests) for line in report.cost.floor] == [(API_HOST, walked)]
    assert report.cost.excess == ()


async def test_untagged_children_cost_their_pages_and_no_more(prepare: Prepare, promoter_for: MakePromoter) -> None:
    staging = await prepare(children=5)
    staging.servers[API_HOST].rules.page_size = 20
    assert fates(await run(promoter_for, staging)) == {Fate.ALREADY_PROMOTED: 2 * len(NAMES) * len(MIRRORS)}
    assert requests(staging) == {API_HOST: {"docker-images": len(MIRRORS) * pages(6 * 2 * len(NAMES), 20)}}


async def test_a_walk_stops_at_what_it_should_save_and_the_rest_is_listed_one_by_one(
    prepare: Prepare, promoter_for: MakePromoter
) -> None:
    """Twelve images with their children are 72 entries, so 6 pages of 6 show half of the names."""
    staging = await prepare(children=5)
    staging.servers[API_HOST].rules.page_size = 6
    assert fates(await run(promoter_for, staging)) == {Fate.ALREADY_PROMOTED: 2 * len(NAMES) * len(MIRRORS)}
    counted = requests(staging)
    assert counted[API_HOST] == {"docker-images": len(MIRRORS) * len(NAMES)}
    assert [counted[mirror] for mirror in MIRRORS] == [{"tags": 3}, {"tags": 3}]
    listed = {entry.repository for entry in staging.servers[MIRRORS[0]].ledger.entries}
    assert listed == {f"prod/images/{name}" for name in NAMES[3:]}


async def test_what_is_missing_is_promoted_and_a_second_run_writes_nothing(
    prepare: Prepare, promoter_for: MakePromoter
) -> None:
    staging = await prepare(lacking=("app1", "app4"))
    staging.servers[API_HOST].rules.page_size = 3
    async with promoter_for(staging, confirm=True) as promoter:
        manifests = await staging.manifests()
        first = await promoter.run(manifests)
        staging.forget_requests()
        second = await promoter.run(manifests)
    assert fates(first) == {Fate.PROMOTED: 8, Fate.ALREADY_PROMOTED: 16}
    assert fates(second) == {Fate.ALREADY_PROMOTED: 24}
    assert requests(staging) == {API_HOST: {"docker-images": len(MIRRORS) * pages(2 * len(NAMES), 3)}}
    for mirror in MIRRORS:
        assert staging.servers[mirror].store.missing_content() == []
        assert staging.servers[mirror].store.moved_tags() == []


async def test_children_that_a_walk_showed_are_not_placed_again(prepare: Prepare, promoter_for: MakePromoter) -> None:
    staging = await prepare()
    image = images.multi_arch(seed="late", platforms=["amd64", "arm64"])
    staging.push("app2", image, "v3")
    for child in image.children:
        images.push(staging.servers[MIRRORS[0]].store, "prod/images/app2", child)
    assert fates(await run(promoter_for, staging, confirm=True))[Fate.PROMOTED] == len(MIRRORS)
    counted = requests(staging)
    assert counted[MIRRORS[0]] == {"tag-put": 1}
    assert counted[MIRRORS[1]]["manifest-put"] == len(image.children)


async def test_an_empty_mirror_is_found_empty_by_the_registry_where_the_api_knows_nothing_of_it(
    prepare: Prepare, promoter_for: MakePromoter
) -> None:
    staging = await prepare(lacking=NAMES)
    assert fates(await run(promoter_for, staging, confirm=True)) == {Fate.PROMOTED: 24}
    counted = requests(staging)
    assert counted[API_HOST] == {"docker-images": len(MIRRORS)}
    assert [counted[mirror]["tags"] for mirror in MIRRORS] == [len(NAMES), len(NAMES)]


@pytest.mark.parametrize("fault", ["500", "429", "reset", "truncated", "wrong-bytes", "short"])
async def test_what_goes_wrong_on_a_page_makes_nothing_absent(
    prepare: Prepare, promoter_for: MakePromoter, fault: str
) -> None:
    staging = await prepare()
    api = staging.servers[API_HOST]
    api.rules.page_size = 4
    api.faults.add(fault, on=["docker-images"], skipping=len(MIRRORS))
    settings = attrs.evolve(QUICK, retries=attrs.evolve(QUICK.retries, request_s=0.1))
    report = await run(promoter_for, staging, confirm=True, settings=settings)
    assert fates(report) == {Fate.ALREADY_PROMOTED: 24}
    assert staging.writes() == []


async def test_faults_that_pass_change_nothing(prepare: Prepare, promoter_for: MakePromoter) -> None:
    staging = await prepare()
    api = staging.servers[API_HOST]
    api.rules.page_size = 2
    api.faults.add("503", on=["docker-images"], probability=0.3, times=3)
    api.faults.add("truncated", on=["docker-images"], probability=0.3, times=3)
    settings = attrs.evolve(QUICK, retries=attrs.evolve(QUICK.retries, host_failures=1000))
    assert fates(await run(promoter_for, staging, settings=settings)) == {Fate.ALREADY_PROMOTED: 24}
    assert MIRRORS[0] not in requests(staging)


async def test_the_quota_of_the_api_is_its_own(prepare: Prepare, promoter_for: MakePromoter) -> None:
    staging = await prepare()
    api = staging.servers[API_HOST]
    api.rules.page_size = 4
    api.quotas = Quotas(reads=Bucket(per_second=100, burst=1), retry_after="no")
    for mirror in MIRRORS:
        staging.servers[mirror].quotas = Quotas(reads=Bucket(per_second=0.001, burst=1))
    settings = attrs.evolve(QUICK, rates={API_HOST: Rate(reads_per_minute=3000)})
    assert fates(await run(promoter_for, staging, settings=settings)) == {Fate.ALREADY_PROMOTED: 24}
    assert requests(staging).keys() == {API_HOST}


async def test_who_may_not_ask_the_api_asks_it_once_for_each_repository(
    prepare: Prepare, promoter_for: MakePromoter
) -> None:
    staging = await prepare()
    staging.servers[API_HOST].auth = BearerAuth()
    assert fates(await run(promoter_for, staging)) == {Fate.ALREADY_PROMOTED: 24}
    each = {"tags": len(NAMES)}
    assert requests(staging) == {MIRRORS[0]: each, MIRRORS[1]: each, API_HOST: {"docker-images": len(MIRRORS)}}


async def test_a_moved_tag_and_a_lost_image_are_found_by_a_walk(prepare: Prepare, promoter_for: MakePromoter) -> None:
    staging = await prepare()
    other = images.single(seed="other")
    images.push(staging.servers[MIRRORS[0]].store, "prod/images/app2", other, ["v1"])
    lost = staging.want("app3", images.single(seed="lost").digest, "v3")
    async with promoter_for(staging) as promoter:
        plan = await promoter.plan(await staging.manifests())
    found = [(setback.outcome, setback.digest, setback.tag) for each in plan.pairs for setback in each.setbacks]
    moved = next(digest for digest, tags in staging.wanted["app2"].items() if tags == ["v1"])
    assert sorted(found, key=str) == sorted(
        [(Outcome.TAG_MOVE, moved, "v1"), (Outcome.LOST, lost, "v3"), (Outcome.LOST, lost, "v3")], key=str
    )


async def test_one_image_name_alone_is_not_worth_a_walk(prepare: Prepare, promoter_for: MakePromoter) -> None:
    staging = await prepare()
    async with promoter_for(staging) as promoter:
        await promoter.run(await staging.manifests(), only=["app3"])
    assert requests(staging) == {mirror: {"tags": 1} for mirror in MIRRORS}


async def test_one_image_name_whose_listing_is_cut_off_is_settled_by_a_walk(
    prepare: Prepare, promoter_for: MakePromoter
) -> None:
    staging = await prepare()
    settings = attrs.evolve(QUICK, google_page_size=2)
    async with promoter_for(staging, settings=settings) as promoter:
        report = await promoter.run(await staging.manifests(), only=["app3"])
    assert fates(report) == {Fate.ALREADY_PROMOTED: 4}
    assert requests(staging) == {**{mirror: {"tags": 1} for mirror in MIRRORS}, API_HOST: {"docker-images": 2}}


@pytest.mark.parametrize("strategy", ["google", "artifact-registry"])
async def test_the_operator_says_whether_the_api_is_asked(
    prepare: Prepare, promoter_for: MakePromoter, strategy: str
) -> None:
    staging = await prepare()
    report = await run(promoter_for, staging, strategies=dict.fromkeys(MIRRORS, strategy))
    assert fates(report) == {Fate.ALREADY_PROMOTED: 24}
    assert (API_HOST in requests(staging)) is (strategy == "artifact-registry")


async def test_the_api_itself_is_left_alone_where_only_registries_are_elsewhere(
    prepare: Prepare, promoter_for: MakePromoter
) -> None:
    staging = await prepare()
    del staging.servers.endpoints[API_HOST]
    assert fates(await run(promoter_for, staging)) == {Fate.ALREADY_PROMOTED: 24}
    assert requests(staging) == {mirror: {"tags": len(NAMES)} for mirror in MIRRORS}


async def test_only_artifact_registrys_hosts_can_be_listed_by_its_api() -> None:
    expected = "listing strategy of gcr.io is 'artifact-registry': expected a host such as us-docker.pkg.dev"
    with pytest.raises(InvalidSettings) as refused:
        Promoter(strategies={"gcr.io": "artifact-registry"})
    assert str(refused.value) == expected


async def test_the_project_of_a_domain_is_walked(
    serve_hosts: ServeHosts, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    servers = await serve_hosts("gcr.io", MIRRORS[0], API_HOST, rules=Rules.google)
    staging = Staging(servers, tmp_path, mirrors=MIRRORS[:1], prefix="example.com/prod/images/deep")
    fill(staging)
    assert fates(await run(promoter_for, staging)) == {Fate.ALREADY_PROMOTED: 12}
    assert requests(staging) == {API_HOST: {"docker-images": 1}}
    (entry,) = servers[API_HOST].ledger.entries
    assert entry.path == "/v1/projects/example.com:prod/locations/europe-west1/repositories/images/dockerImages"


async def test_what_took_long_to_walk_is_not_trusted_any_more(prepare: Prepare, promoter_for: MakePromoter) -> None:
    staging = await prepare(lacking=("app5",))
    api = staging.servers[API_HOST]
    api.rules.page_size = 4
    api.latency = Latency(ms=120)
    settings = attrs.evolve(QUICK, listing_trusted_s=0.3)
    assert fates(await run(promoter_for, staging, confirm=True, settings=settings))[Fate.PROMOTED] == 4
    counted = requests(staging)
    assert counted[API_HOST] == {"docker-images": 3 * len(MIRRORS)}
    assert [counted[mirror].get("manifest-head") for mirror in MIRRORS] == [2, 2]


async def test_an_inventory_holds_what_was_sought_and_knows_that_it_is_not_all(
    prepare: Prepare, promoter_for: MakePromoter, tmp_path: Path
) -> None:
    staging = await prepare(children=2)
    await run(promoter_for, staging, inventory=tmp_path / "inventory.db")
    async with InventoryStore.opened(tmp_path / "inventory.db") as store:
        listing = await store.get(Repository(Host(MIRRORS[0]), "prod/images/app0"))
    assert listing is not None
    assert listing.tags == staging.wanted_tags()["app0"]
    assert listing.asked == set(staging.wanted["app0"])
    assert {described.size_bytes for described in listing.described.values()} == {None}


@pytest.mark.parametrize(
    ("changed", "cost"), [(0, {}), (1, {MIRRORS[0]: {"tags": 1}}), (2, {API_HOST: {"docker-images": 1}})]
)
async def test_of_a_trusted_inventory_only_the_rest_is_asked_for(
    prepare: Prepare, promoter_for: MakePromoter, tmp_path: Path, changed: int, cost: dict[str, dict[str, int]]
) -> None:
    """What is wanted anew is lacking by the file, so its registry is asked, alone or by a walk."""
    staging = await prepare()
    options = {"inventory": tmp_path / "inventory.db", "trust_inventory_s": 3600.0}
    await run(promoter_for, staging, **options)
    staging.mirrors = MIRRORS[:1]
    for name in NAMES[:changed]:
        image = images.single(seed=f"new {name}")
        staging.push(name, image, "v3")
        images.push(staging.servers[MIRRORS[0]].store, f"prod/images/{name}", image, ["v3"])
    staging.forget_requests()
    report = await run(promoter_for, staging, **options)
    assert fates(report) == {Fate.ALREADY_PROMOTED: 2 * len(NAMES) + changed}
    assert report.trusted_listings == len(NAMES) - changed
    assert requests(staging) == cost


async def test_the_settings_say_how_large_a_page_is(prepare: Prepare, promoter_for: MakePromoter) -> None:
    staging = await prepare()
    await run(promoter_for, staging, settings=Settings(images_page_size=6))
    assert all("?pageSize=6" in entry.target for entry in staging.servers[API_HOST].ledger.entries)
    assert requests(staging) == {API_HOST: {"docker-images": 2 * len(MIRRORS)}}
