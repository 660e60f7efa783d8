"""The crawl: what is asked, of whom, how often, and what is handed on."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import anyio
import attrs
import pytest

from cip_async.errors import Denied
from cip_async.events import Event, Listener, RepositoryListed, tell_nobody
from cip_async.fake_registry import images
from cip_async.inventory.crawl import OnPlanned, crawl
from cip_async.model.outcome import Outcome
from cip_async.model.plan import PairPlan
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.draft import Draft
from cip_async.promoter import Promoter
from cip_async.reference import Digest, Repository
from cip_async.settings import Settings
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]
Groups = list[Sequence[PairPlan]]


async def nothing(pair_plans: Sequence[PairPlan]) -> None:
    del pair_plans


async def crawled(
    promoter: Promoter,
    manifests: PromoterManifests,
    groups: Groups,
    *,
    late_s: float = math.inf,
    before: OnPlanned = nothing,
    listener: Listener = tell_nobody,
) -> Counter[tuple[str, Digest]]:
    """Crawl all that `manifests` want into `groups`; return how often the source was asked for each digest.

    `before` is awaited before a group is taken.
    """
    draft = Draft.of(manifests)
    asked: Counter[tuple[str, Digest]] = Counter()

    async def holds(repository: Repository, digest: Digest) -> bool:
        asked[repository.path, digest] += 1
        return await promoter._connections.client.get_document(repository, digest) is not None

    async def take(pair_plans: Sequence[PairPlan]) -> None:
        await before(pair_plans)
        groups.append(pair_plans)

    await crawl(
        draft.pairs,
        lister=promoter._connections.lister,
        holds=holds,
        needed=draft.planner.needed,
        plan_pair=draft.planner.pair_plan,
        on_planned=take,
        late_s=late_s,
        listener=listener,
    )
    return asked


async def test_the_pairs_of_each_source_repository_come_together_once_and_in_order(
    promoter_for: MakePromoter, staging: Staging
) -> None:
    for name in ("a", "b", "c"):
        staging.push(name, images.single(seed=name), "v1")
    groups: Groups = []
    async with promoter_for(staging) as promoter:
        await crawled(promoter, await staging.manifests(), groups)
    assert sorted(group[0].pair.source.path for group in groups) == ["staging/a", "staging/b", "staging/c"]
    assert all([plan.pair.destination.host for plan in group] == list(staging.mirrors) for group in groups)


async def test_a_plain_source_is_asked_once_for_each_digest_that_any_mirror_lacks(
    promoter_for: MakePromoter, plain: Staging
) -> None:
    everywhere, in_eu, nowhere = (images.single(seed=seed) for seed in ("everywhere", "in eu", "nowhere"))
    for image, tag in ((everywhere, "v1"), (in_eu, "v2"), (nowhere, "v3")):
        plain.push("app", image, tag)
    plain.hold("eu.example", "app", everywhere, "v1")
    plain.hold("us.example", "app", everywhere, "v1")
    plain.hold("eu.example", "app", in_eu, "v2")
    groups: Groups = []

    async with promoter_for(plain) as promoter:
        asked = await crawled(promoter, await plain.manifests(), groups)

    assert asked == {("staging/app", in_eu.digest): 1, ("staging/app", nowhere.digest): 1}
    (eu, us) = groups[0]
    assert [promotion.digest for promotion in eu.promotions] == [nowhere.digest]
    assert {promotion.digest for promotion in us.promotions} == {in_eu.digest, nowhere.digest}


async def test_a_destination_that_several_sources_feed_is_listed_once(
    promoter_for: MakePromoter, staging: Staging
) -> None:
    other = attrs.evolve(staging, source_prefix="other", wanted={})
    staging.push("app", images.single(seed="one"), "v1")
    other.push("app", images.single(seed="two"), "v2")
    manifests = (*(await staging.manifests()).manifests, *(await other.manifests()).manifests)
    both = PromoterManifests(manifests=manifests, problems=())
    groups: Groups = []

    async with promoter_for(staging) as promoter:
        await crawled(promoter, both, groups)

    assert [entry.repository for entry in staging.servers["eu.gcr.io"].ledger.entries] == ["prod/app"]
    assert sorted(group[0].pair.source.path for group in groups) == ["other/app", "staging/app"]


async def test_a_host_that_never_answers_holds_back_no_other(promoter_for: MakePromoter, staging: Staging) -> None:
    staging.push("app", images.single(seed="app"), "v1")
    staging.push("tool", images.single(seed="tool"), "v1")
    manifests = await staging.manifests()
    draft = Draft.of(manifests, only=["app"], to=["eu.*"])
    silent = Draft.of(manifests, only=["tool"], to=["us.*"])
    planned = anyio.Event()

    async def take(pair_plans: Sequence[PairPlan]) -> None:
        assert {plan.pair.destination.host for plan in pair_plans} == {"eu.gcr.io"}
        planned.set()

    async def never(connection: anyio.abc.SocketStream) -> None:
        async with connection:
            await anyio.sleep_forever()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, never)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        staging.servers.endpoints["us.gcr.io"] = f"http://127.0.0.1:{port}"
        async with promoter_for(staging) as promoter:
            pairs = (*silent.pairs, *draft.pairs)
            async with anyio.create_task_group() as crawling:
                crawling.start_soon(
                    lambda: crawl(
                        pairs,
                        lister=promoter._connections.lister,
                        holds=held,
                        needed=draft.planner.needed,
                        plan_pair=draft.planner.pair_plan,
                        on_planned=take,
                    )
                )
                await planned.wait()
                crawling.cancel_scope.cancel()
        tasks.cancel_scope.cancel()


async def held(repository: Repository, digest: Digest) -> bool:
    return True


async def test_an_unreadable_destination_is_never_taken_for_an_empty_one(
    promoter_for: MakePromoter, plain: Staging, nobody: str
) -> None:
    plain.push("app", images.single(seed="app"), "v1")
    plain.servers.endpoints["eu.example"] = f"http://{nobody}"
    groups: Groups = []

    async with promoter_for(plain) as promoter:
        await crawled(promoter, await plain.manifests(), groups)

    (eu, us) = groups[0]
    assert [setback.outcome for setback in eu.setbacks] == [Outcome.UNKNOWN]
    assert eu.promotions == ()
    assert len(us.promotions) == 1


async def test_one_unreadable_manifest_of_a_plain_source_holds_back_no_other(
    promoter_for: MakePromoter, plain: Staging
) -> None:
    good, bad = images.single(seed="good"), images.single(seed="bad")
    plain.push("app", good, "v1")
    plain.push("app", bad, "v2")
    groups: Groups = []

    async with promoter_for(plain) as promoter:
        draft = Draft.of(await plain.manifests())

        async def holds(repository: Repository, digest: Digest) -> bool:
            if digest == bad.digest:
                raise Denied(repository.host, f"GET {digest}", "status 403 (DENIED: quarantined)", status=403)
            return await promoter._connections.client.get_document(repository, digest) is not None

        async def take(pair_plans: Sequence[PairPlan]) -> None:
            groups.append(pair_plans)

        await crawl(
            draft.pairs,
            lister=promoter._connections.lister,
            holds=holds,
            needed=draft.planner.needed,
            plan_pair=draft.planner.pair_plan,
            on_planned=take,
        )

    for plan in groups[0]:
        assert [promotion.digest for promotion in plan.promotions] == [good.digest]
        (setback,) = plan.setbacks
        assert (setback.digest, setback.outcome) == (bad.digest, Outcome.UNKNOWN)
        assert f"staging.example/staging/app does not tell of {bad.digest}" in setback.reason
        assert "DENIED: quarantined" in setback.reason


async def test_a_second_look_that_fails_makes_only_its_own_digests_unknown(
    promoter_for: MakePromoter, plain: Staging
) -> None:
    there = images.single(seed="there")
    plain.push("app", there, "v1")
    lost = plain.want("app", images.single(seed="lost").digest, "v2")
    plain.servers["eu.example"].faults.add("500", on=["manifest-head"])
    groups: Groups = []

    async with promoter_for(plain) as promoter:
        await crawled(promoter, await plain.manifests(), groups)

    (eu, us) = groups[0]
    assert [promotion.digest for promotion in eu.promotions] == [there.digest]
    assert [(setback.digest, setback.outcome) for setback in eu.setbacks] == [(lost, Outcome.UNKNOWN)]
    assert f"eu.example/prod/app does not tell of {lost}" in eu.setbacks[0].reason
    assert [setback.outcome for setback in us.setbacks] == [Outcome.LOST]


async def test_pairs_of_a_mirror_that_is_late_follow_alone(promoter_for: MakePromoter, staging: Staging) -> None:
    for name in ("a", "b"):
        staging.push(name, images.single(seed=name), "v1")
    staging.servers["us.gcr.io"].faults.add("slow", on=["tags"], seconds=0.5)
    groups: Groups = []

    async with promoter_for(staging) as promoter:
        await crawled(promoter, await staging.manifests(), groups, late_s=0.1)

    hosts = [[plan.pair.destination.host for plan in group] for group in groups]
    assert hosts == [["eu.gcr.io"], ["eu.gcr.io"], ["us.gcr.io"], ["us.gcr.io"]]
    assert len({(plan.pair.source, plan.pair.destination) for group in groups for plan in group}) == 4


async def test_what_is_being_handed_on_arrives_when_the_late_mirror_ends_the_crawl(
    promoter_for: MakePromoter, staging: Staging
) -> None:
    staging.push("a", images.single(seed="a"), "v1")
    staging.servers["us.gcr.io"].faults.add("slow", on=["tags"], seconds=0.3)
    groups: Groups = []
    late = anyio.Event()

    def listener(event: Event, /) -> None:
        if isinstance(event, RepositoryListed) and event.repository.host == "us.gcr.io":
            late.set()

    async def until_the_crawl_is_all_but_over(pair_plans: Sequence[PairPlan]) -> None:
        if pair_plans[0].pair.destination.host == "eu.gcr.io":
            await late.wait()
            await anyio.sleep(0.2)

    async with promoter_for(staging) as promoter:
        manifests = await staging.manifests()
        await crawled(
            promoter, manifests, groups, late_s=0.1, before=until_the_crawl_is_all_but_over, listener=listener
        )

    assert sorted(plan.pair.destination.host for group in groups for plan in group) == ["eu.gcr.io", "us.gcr.io"]


async def test_a_mirror_that_answers_slowly_is_waited_for(promoter_for: MakePromoter, staging: Staging) -> None:
    for number in range(10):
        staging.push(f"app{number}", images.single(seed=str(number)), "v1")
    staging.servers["us.gcr.io"].faults.add("slow", on=["tags"], seconds=0.15)
    groups: Groups = []

    async with promoter_for(staging, settings=Settings(threads=1)) as promoter:
        await crawled(promoter, await staging.manifests(), groups, late_s=1.0)

    assert [len(group) for group in groups] == [2] * 10
