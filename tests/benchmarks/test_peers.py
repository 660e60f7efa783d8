"""How other tools are called: the command lines that their documentation has."""

import json
from pathlib import Path

import attrs
import pytest

from benchmarks._peers import PEERS, Task
from benchmarks._release import release
from benchmarks._scenario import Places, Scenario
from cip_async.manifests.tree import load_manifests
from cip_async.planning.pairs import totals

SCENARIO = Scenario(name="peers", images=1, platforms=1, tags=2, mirrors=2)
ADDRESS = "127.0.0.1:5001"


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(made=release(SCENARIO), endpoints={"us.gcr.io": f"http://{ADDRESS}"}, folder=tmp_path)


def commands(name: str, task: Task) -> list[list[str]]:
    (peer,) = (each for each in PEERS if each.name == name)
    return list(peer.commands(task))


def source(task: Task) -> str:
    return f"{ADDRESS}/staging/image-0000@{task.made.wanted[0].image.digest}"


def test_a_copy_is_one_tag_of_one_image_in_one_mirror(task: Task) -> None:
    assert [copy.by_tag for copy in task.copies] == [
        f"{ADDRESS}/mirror-00/image-0000:v1.0-0",
        f"{ADDRESS}/mirror-00/image-0000:v1.0-1",
        f"{ADDRESS}/mirror-01/image-0000:v1.0-0",
        f"{ADDRESS}/mirror-01/image-0000:v1.0-1",
    ]
    assert {copy.by_digest for copy in task.copies} == {source(task)}


@pytest.mark.parametrize(
    ("name", "before", "scheme"),
    [
        (
            "skopeo copy",
            "skopeo --insecure-policy copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false",
            "docker://",
        ),
        ("crane copy", "crane copy --insecure", ""),
        ("gcrane copy", "gcrane copy --insecure", ""),
        ("regctl image copy", f"regctl --host reg={ADDRESS},tls=disabled image copy", ""),
    ],
)
def test_tools_that_copy_run_once_for_each_copy(name: str, before: str, scheme: str, task: Task) -> None:
    first, *others = commands(name, task)

    assert first == [*before.split(), f"{scheme}{source(task)}", f"{scheme}{ADDRESS}/mirror-00/image-0000:v1.0-0"]
    assert len(others) == 3


def test_skopeo_sync_runs_once_for_each_mirror(task: Task) -> None:
    first, second = commands("skopeo sync", task)
    *_, file, destination = first

    assert first[:3] == ["skopeo", "--insecure-policy", "sync"]
    assert (destination, second[-1]) == (f"{ADDRESS}/mirror-00", f"{ADDRESS}/mirror-01")
    assert json.loads(Path(file).read_text()) == {
        ADDRESS: {"tls-verify": False, "images": {"staging/image-0000": ["v1.0-0", "v1.0-1"]}}
    }


def test_regsync_has_a_step_for_each_copy(task: Task) -> None:
    ((*words, file),) = commands("regsync once", task)
    config = json.loads(Path(file).read_text())

    assert words == ["regsync", "once", "--config"]
    assert config["creds"] == [{"registry": ADDRESS, "tls": "disabled"}]
    assert len(config["sync"]) == 4
    assert config["sync"][0] == {
        "source": source(task),
        "target": f"{ADDRESS}/mirror-00/image-0000:v1.0-0",
        "type": "image",
    }


def test_kpromo_reads_promoter_manifests_that_name_the_addresses(task: Task) -> None:
    ((program, command, folder, *flags),) = commands("kpromo cip", task)
    manifests = load_manifests(thin_manifest_dir=Path(folder.removeprefix("--thin-manifest-dir=")), strict=True)

    assert (program, command, flags) == ("kpromo", "cip", ["--confirm", "--sign=false"])
    assert totals(manifests).edges == len(task.copies)
    assert str(manifests.manifests[0].source.path) == f"{ADDRESS}/staging"


def test_ocync_maps_each_repository_to_each_mirror_of_hosts_of_their_own(tmp_path: Path) -> None:
    made = release(attrs.evolve(SCENARIO, places=Places.APART))
    endpoints = {
        "us.gcr.io": "http://127.0.0.1:1",
        "mirror-00.gcr.io": "http://127.0.0.1:2",
        "mirror-01.gcr.io": "http://127.0.0.1:3",
    }
    ((*words, file),) = commands("ocync sync", Task(made=made, endpoints=endpoints, folder=tmp_path))
    config = json.loads(Path(file).read_text())

    assert words == ["ocync", "sync", "--config"]
    assert [each["url"] for each in config["registries"].values()] == ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]
    assert [(each["from"], each["to"], each["source"], each["targets"]) for each in config["mappings"]] == [
        ("staging/image-0000", "production/image-0000", "registry-0", ["registry-1"]),
        ("staging/image-0000", "production/image-0000", "registry-0", ["registry-2"]),
    ]
