"""`cip manifest` from the outside."""

import stat
from pathlib import Path
from typing import Protocol

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import Servers
from tests.service.cli.conftest import Cip, Told
from tests.service.conftest import ServeHosts
from tests.unit.manifests.samples import thin, write

pytestmark = pytest.mark.anyio

ETCD, TOOL, UNTAGGED = images.single(seed="etcd"), images.single(seed="tool"), images.single(seed="untagged")
MULTI = images.multi_arch(seed="multi")
CHILD = MULTI.children[0]
STAGED = f"""\
# what we promote
- name: etcd
  dmap:
    "{ETCD.digest}": [ "v1" ]  # the first
- name: zebra
"""


class Add(Protocol):
    """Runs `cip manifest add` with these options."""

    async def __call__(self, *options: str, staging: str = "gcr.io/staging") -> Told: ...


@pytest.fixture
async def servers(serve_hosts: ServeHosts) -> Servers:
    """Staging with an image that is promoted already, an index with a tagged child, and an untagged image."""
    servers = await serve_hosts("gcr.io", rules=Rules.google)
    store = servers["gcr.io"].store
    images.push(store, "staging/etcd", ETCD, ["latest", "v1", "v1.0"])
    images.push(store, "staging/etcd", UNTAGGED)
    images.push(store, "staging/tools/multi", MULTI, ["latest", "v2"])
    images.push(store, "staging/tools/multi", CHILD, ["v2-amd64"])
    images.push(store, "staging/tools/tool", TOOL, ["latest"])
    return servers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two thin promoter manifests; the images of `app` come from staging."""
    other = "registries:\n- name: gcr.io/other\n  src: true\n- name: us.gcr.io/other\n"
    return write(tmp_path / "prod", {**thin("app", images=STAGED), **thin("other", registries=other)})


@pytest.fixture
def add(cip: Cip, servers: Servers, folder: Path) -> Add:
    """See `Add`."""

    async def run(*options: str, staging: str = "gcr.io/staging") -> Told:
        return await cip(
            "manifest", "add", f"--base-dir={folder}", f"--staging-repo={staging}", *options, servers=servers
        )

    return run


def staged(folder: Path) -> str:
    return (folder / "images/app/images.yaml").read_text()


async def test_all_tagged_images_are_added_and_shown_as_a_diff(add: Add, folder: Path) -> None:
    told = await add()
    assert told.code == 0, told.err
    assert staged(folder) == (
        f'# what we promote\n- name: etcd\n  dmap:\n    "{ETCD.digest}": [ "v1", "v1.0" ]  # the first\n'
        f'- name: tools/multi\n  dmap:\n    "{MULTI.digest}": [ "v2" ]\n- name: zebra\n'
    )
    path = folder / "images/app/images.yaml"
    assert told.out.splitlines() == [
        f"--- {path}",
        f"+++ {path}",
        "@@ -1,5 +1,8 @@",
        " # what we promote",
        " - name: etcd",
        "   dmap:",
        f'-    "{ETCD.digest}": [ "v1" ]  # the first',
        f'+    "{ETCD.digest}": [ "v1", "v1.0" ]  # the first',
        "+- name: tools/multi",
        "+  dmap:",
        f'+    "{MULTI.digest}": [ "v2" ]',
        " - name: zebra",
    ]
    assert "left out 1 tagged image that an index refers to" in told.err


async def test_adding_again_changes_nothing(add: Add, folder: Path) -> None:
    await add()
    before = staged(folder)
    told = await add()
    assert (told.code, told.out, staged(folder)) == (0, "", before)
    assert "has all of it already" in told.err


async def test_a_dry_run_shows_what_would_change_and_changes_nothing(add: Add, folder: Path) -> None:
    told = await add("--dry-run")
    assert told.code == 0, told.err
    assert "+- name: tools/multi\n" in told.out
    assert staged(folder) == STAGED


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--filter-image=tools/*"], [f'"{MULTI.digest}": [ "v2" ]']),
        (["--filter_image=etcd", "--filter_tag=v1.*"], ['"v1.0"']),
        (
            ["--filter-image=tools/*", "--children"],
            [f'"{MULTI.digest}": [ "v2" ]', f'"{CHILD.digest}": [ "v2-amd64" ]'],
        ),
        ([f"--filter-digest={CHILD.digest}"], [f'"{CHILD.digest}": [ "v2-amd64" ]']),
        ([f"--filter-digest={UNTAGGED.digest}"], [f'"{UNTAGGED.digest}": []']),
        ([f"--filter-digest={TOOL.digest}"], [f'"{TOOL.digest}": []']),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_filters_limit_what_is_added(add: Add, folder: Path, options: list[str], lines: list[str]) -> None:
    told = await add(*options)
    assert told.code == 0, told.err
    news = [line for line in told.out.splitlines() if line.startswith("+ ") and "dmap" not in line]
    assert len(news) == len(lines)
    assert all(line in staged(folder) for line in lines)
    assert "latest" not in staged(folder)


@pytest.fixture
async def plain(serve_hosts: ServeHosts) -> Servers:
    """A plain staging registry with an index and its tagged child."""
    servers = await serve_hosts("staging.example")
    images.push(servers["staging.example"].store, "s/multi", MULTI, ["v2"])
    images.push(servers["staging.example"].store, "s/multi", CHILD, ["v2-amd64"])
    return servers


@pytest.fixture
def plain_folder(tmp_path: Path) -> Path:
    """A thin promoter manifest for the plain registry, without images."""
    registries = "registries:\n- name: staging.example/s\n  src: true\n- name: us.gcr.io/prod\n"
    return write(tmp_path / "prod", thin("app", registries=registries, images="[]\n"))


async def test_children_are_found_by_their_indexes_in_plain_registries_too(
    cip: Cip, plain: Servers, plain_folder: Path
) -> None:
    told = await cip("manifest", "add", f"--base-dir={plain_folder}", "--staging-repo=staging.example/s", servers=plain)
    assert told.code == 0, told.err
    assert staged(plain_folder) == f'- name: multi\n  dmap:\n    "{MULTI.digest}": ["v2"]\n'


async def test_a_registry_that_cannot_be_read_to_its_end_changes_nothing(
    cip: Cip, plain: Servers, plain_folder: Path
) -> None:
    plain["staging.example"].rules.page_size = 1
    plain["staging.example"].faults.add("foreign-link", repository="s/multi")
    told = await cip("manifest", "add", f"--base-dir={plain_folder}", "--staging-repo=staging.example/s", servers=plain)
    assert (told.code, told.out, staged(plain_folder)) == (3, "", "[]\n")


@pytest.mark.parametrize("option", ["--filter-image=nothing", "--filter-tag=v9*", f"--filter-digest=sha256:{0:064}"])
async def test_a_filter_that_nothing_matches_is_no_success(add: Add, folder: Path, option: str) -> None:
    told = await add(option)
    assert (told.code, told.out, staged(folder)) == (1, "", STAGED)
    assert told.err.endswith("nothing was added: gcr.io/staging holds no image that matches\n")


async def test_a_tag_that_would_move_is_refused(add: Add, servers: Servers, folder: Path) -> None:
    images.push(servers["gcr.io"].store, "staging/etcd", TOOL, ["v1"])
    told = await add()
    assert (told.code, told.out, staged(folder)) == (1, "", STAGED)
    column = len(f'    "{ETCD.digest}": [ ') + 1
    assert told.err.endswith(
        f"images/app/images.yaml:4:{column}: tag v1 of etcd is here with {ETCD.digest}:"
        f" it cannot be added with {TOOL.digest}\n"
    )


@pytest.mark.parametrize(
    ("staging", "files", "message"),
    [
        (
            "gcr.io/unknown",
            {},
            "no promoter manifest has the source gcr.io/unknown: there are gcr.io/other, gcr.io/staging",
        ),
        ("gcr.io/staging", thin("twin"), "gcr.io/staging is the source here and at"),
        (
            "gcr.io/staging",
            {"images/app/images.yaml": "- nothing\n"},
            "images/app/images.yaml:1:3: an image is 'nothing'",
        ),
    ],
)
async def test_where_to_add_is_never_guessed(
    add: Add, servers: Servers, folder: Path, staging: str, files: dict[str, str], message: str
) -> None:
    write(folder, files)
    told = await add(staging=staging)
    assert told.code == 1
    assert message in told.err
    assert list(servers["gcr.io"].ledger.entries) == []


async def test_the_tag_latest_is_a_usage_error(add: Add) -> None:
    told = await add("--filter-tag=latest")
    assert told.code == 2
    assert "the tag latest moves, and is never added" in told.err


async def test_permissions_and_links_are_kept(add: Add, folder: Path) -> None:
    path, real = folder / "images/app/images.yaml", folder / "shared.yaml"
    path.rename(real)
    real.chmod(0o640)
    path.symlink_to(real)
    told = await add()
    assert told.code == 0, told.err
    assert path.is_symlink()
    assert "tools/multi" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


async def test_formatting_names_what_it_changes_and_then_has_nothing_to_do(cip: Cip, folder: Path) -> None:
    path = folder / "images/app/images.yaml"
    checked = await cip("manifest", "fmt", "--check", str(folder))
    assert (checked.code, checked.out) == (1, f"{path}\n")
    assert staged(folder) == STAGED
    formatted = await cip("manifest", "fmt", str(folder), str(path))
    assert (formatted.code, formatted.out) == (0, f"{path}\n")
    assert staged(folder) == STAGED.replace('[ "v1" ]', '["v1"]')
    again = await cip("manifest", "fmt", "--check", str(folder))
    assert (again.code, again.out, again.err) == (0, "", "")


async def test_formatting_tells_of_files_with_problems_and_formats_the_others(cip: Cip, folder: Path) -> None:
    write(folder, {"images/other/images.yaml": "- nothing\n"})
    told = await cip("manifest", "fmt", str(folder))
    assert told.code == 1
    assert told.out == f"{folder}/images/app/images.yaml\n"
    assert told.err.startswith(f"{folder}/images/other/images.yaml:1:3: an image is 'nothing'")


async def test_a_link_out_of_the_folder_is_not_followed(cip: Cip, folder: Path, tmp_path: Path) -> None:
    outside = write(tmp_path, {"outside.yaml": STAGED}) / "outside.yaml"
    (folder / "images/other/images.yaml").unlink()
    (folder / "images/other/images.yaml").symlink_to(outside)
    told = await cip("manifest", "fmt", str(folder))
    assert told.code == 1
    assert "images/other/images.yaml:1:1: is a link that leads out of the folder" in told.err
    assert outside.read_text() == STAGED


async def test_linting_tells_all_that_is_wrong_or_odd(cip: Cip, folder: Path) -> None:
    write(folder, {"images/lost/images.yaml": "", "images/other/images.yaml": "- name: b\n- name: a\n  dmap: []\n"})
    told = await cip("manifest", "lint", str(folder))
    assert told.code == 1
    assert told.err == ""
    assert told.out.splitlines() == [
        f"{folder}/images/app/images.yaml:5:9: image zebra has no digests: nothing of it is promoted",
        (
            f"{folder}/images/lost/images.yaml:1:1: is not promoted: its promoter manifest"
            " manifests/lost/promoter-manifest.yaml is missing"
        ),
        f"{folder}/images/other/images.yaml:1:9: image b has no digests: nothing of it is promoted",
        f"{folder}/images/other/images.yaml:3:9: dmap is a list: expected digests with their tags",
    ]


async def test_linting_what_is_fine_says_nothing(cip: Cip, folder: Path) -> None:
    told = await cip(
        "manifest",
        "lint",
        str(folder / "images/other/images.yaml"),
        str(folder / "manifests/app/promoter-manifest.yaml"),
    )
    assert (told.code, told.out, told.err) == (0, "", "")
