"""Bad input as a user meets it: `cip run --parse-only` as a process whose memory is bounded, and all that it says."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.unit.manifests.samples import IMAGES, REGISTRIES, thin, write

MOST_KIB: Final = 512 * 1024
"""All memory that the process may ask for, its program and libraries included. What does not fit is a traceback."""
LONGEST_S: Final = 100
BOUNDED: Final = ("sh", "-c", f'ulimit -v {MOST_KIB}; exec "$@"', "sh", sys.executable, "-m", "cip_async")

PLAIN: Final = f"{REGISTRIES}images:\n{IMAGES}".encode()
SOUND: Final = "1 manifest, 1 image, 1 digest, 1 edge\n"
NO_FIELDS: Final = "f.yaml:1:1: this file is empty: expected a promoter manifest, a mapping with images and registries"
NO_IMAGES: Final = "has no images: expected them in"
STUB: Final = ", which may be empty"
LAUGHS: Final = b"a: &a [lol, lol]\nb: &b [*a, *a]\nc: [*b, *b]\n"
LONG: Final = 20_000_000


def told(*arguments: str, folder: Path, environment: dict[str, str]) -> tuple[int, str, list[str]]:
    """The exit code, the results, and the lines about what is wrong."""
    ended = subprocess.run(
        [*BOUNDED, "run", "--parse-only", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LONGEST_S,
        check=False,
    )
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode().splitlines()


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf" + PLAIN, PLAIN.replace(b"\n", b"\r\n"), PLAIN.replace(b"\n", b"\r"), b"# why\n" + PLAIN],
    ids=["byte order mark", "CRLF", "CR", "comment"],
)
def test_what_only_looks_odd_is_read(tmp_path: Path, environment: dict[str, str], content: bytes) -> None:
    (tmp_path / "f.yaml").write_bytes(content)
    assert told("--manifest", "f.yaml", folder=tmp_path, environment=environment) == (0, SOUND, [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", [NO_FIELDS], id="empty"),
        pytest.param(b"# nothing\n\n# here\n", [NO_FIELDS], id="comments alone"),
        pytest.param(b"\n" * LONG, [NO_FIELDS], id="empty lines alone"),
        pytest.param(
            LAUGHS,
            [
                "f.yaml:1:1: the field images is missing",
                "f.yaml:1:1: the field registries is missing",
                "f.yaml:1:1: unknown field 'a': expected images or registries",
                "f.yaml:1:4: anchors are not allowed: remove &a",
                "f.yaml:2:1: unknown field 'b': expected images or registries",
                "f.yaml:2:4: anchors are not allowed: remove &b",
                "f.yaml:2:8: aliases are not allowed: write out what *a stands for",
                "f.yaml:2:12: aliases are not allowed: write out what *a stands for",
                "f.yaml:3:1: unknown field 'c': expected images or registries",
                "f.yaml:3:5: aliases are not allowed: write out what *b stands for",
                "f.yaml:3:9: aliases are not allowed: write out what *b stands for",
            ],
            id="a billion laughs",
        ),
        pytest.param(b"[" * 100_000, ["f.yaml:1:33: is nested deeper than 32 levels"], id="brackets"),
        pytest.param(b"{a: " * 100_000, ["f.yaml:1:129: is nested deeper than 32 levels"], id="braces"),
        pytest.param(b"- " * 100_000, ["f.yaml:1:65: is nested deeper than 32 levels"], id="dashes"),
        pytest.param(b"? " * 100_000, ["f.yaml:1:65: is nested deeper than 32 levels"], id="complex keys"),
        pytest.param(
            b"images: []\nregistries: " + b"x" * LONG,
            [
                (
                    f"f.yaml:2:13: registries is '{'x' * 80}…': expected a list of one source and the registries"
                    " to promote to"
                ),
            ],
            id="a huge scalar",
        ),
        pytest.param(PLAIN + b"#" * 50_000_000, ["f.yaml:1:1: is larger than 33,554,432 bytes"], id="50 MB"),
        pytest.param(bytes(range(256)) * 100, ["f.yaml:3:115: is not UTF-8 text"], id="binary"),
        pytest.param(PLAIN + b"# caf\xe9\n", ["f.yaml:9:6: is not UTF-8 text"], id="Latin-1"),
        pytest.param(PLAIN.decode().encode("utf-16"), ["f.yaml:1:1: is not UTF-8 text"], id="UTF-16"),
        pytest.param(
            PLAIN.decode().encode("utf-16-be"),
            ["f.yaml:1:1: is not YAML: control characters are not allowed"],
            id="UTF-16 without a mark",
        ),
        pytest.param(
            PLAIN.replace(b"etcd", b"et\0cd"),
            ["f.yaml:6:11: is not YAML: control characters are not allowed"],
            id="NUL",
        ),
        pytest.param(
            PLAIN.replace(b"  dmap", b"\tdmap"),
            ["f.yaml:7:1: is not YAML: a tab cannot stand here, indent with spaces"],
            id="tab",
        ),
        pytest.param(
            PLAIN.replace(b"  src: true", b"  src: true\n  src: false"),
            ["f.yaml:4:3: field 'src' is here twice: first in line 3"],
            id="a key twice",
        ),
        pytest.param(
            PLAIN.replace(b"etcd", b'"\\e[2Jetcd\\n\\u202e"'),
            [
                (
                    r"f.yaml:6:9: image name '\x1b[2Jetcd\n\u202e' is malformed:"
                    " expected lower-case letters and digits, separated by '.', '_', '__', '-' or '/'"
                )
            ],
            id="terminal escapes",
        ),
        pytest.param(
            PLAIN + b"---\n" + PLAIN,
            ["f.yaml:9:1: a second document starts here: expected one in a file"],
            id="two documents",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_all_at_once(
    tmp_path: Path, environment: dict[str, str], content: bytes, expected: list[str]
) -> None:
    (tmp_path / "f.yaml").write_bytes(content)
    assert told("--manifest", "f.yaml", folder=tmp_path, environment=environment) == (1, "", expected)


def test_what_is_no_file_is_told_and_never_waited_for(tmp_path: Path, environment: dict[str, str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "/dev/zero", "/dev/null"):
        expected = (1, "", [f"{name}:1:1: is not a file"])
        assert told("--manifest", name, folder=tmp_path, environment=environment) == expected


def test_millions_of_aliases_take_no_more_memory_than_other_input(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "f.yaml").write_bytes(b"- *a\n" * 6_000_000)
    code, _, lines = told("--manifest", "f.yaml", folder=tmp_path, environment=environment)
    assert code == 1
    assert lines[-2:] == [
        "f.yaml:10001:3: has more than 10,000 problems: the rest of the file was not read",
        "10,001 problems are told above",
    ]


def test_all_that_is_wrong_in_a_tree_is_told_at_once(tmp_path: Path, environment: dict[str, str]) -> None:
    outside = write(tmp_path / "outside", {"images.yaml": IMAGES})
    names = ("binary", "circle", "empty", "fifo", "folder", "link", "missing", "sound")
    tree = write(tmp_path / "tree", {path: text for name in names for path, text in thin(name).items()})
    images = {name: tree / "images" / name / "images.yaml" for name in names}
    for name in ("circle", "fifo", "folder", "link", "missing"):
        images[name].unlink()
    images["binary"].write_bytes(b"\x89PNG\r\n\x1a\n")
    images["circle"].symlink_to(images["circle"])
    images["empty"].write_bytes(b"")
    os.mkfifo(images["fifo"])
    images["folder"].mkdir()
    images["link"].symlink_to(outside / "images.yaml")
    code, results, lines = told("--thin-manifest-dir", "tree", folder=tmp_path, environment=environment)
    assert (code, results) == (1, "")
    assert lines == [
        "tree/images/binary/images.yaml:1:1: is not UTF-8 text",
        "tree/images/circle/images.yaml:1:1: is a link that leads in a circle",
        "tree/images/fifo/images.yaml:1:1: is not a file",
        "tree/images/link/images.yaml:1:1: is a link that leads out of the folder",
        f"tree/manifests/folder/promoter-manifest.yaml:1:1: {NO_IMAGES} images/folder/images.yaml{STUB}",
        f"tree/manifests/missing/promoter-manifest.yaml:1:1: {NO_IMAGES} images/missing/images.yaml{STUB}",
    ]


def test_names_with_breaks_and_escapes_stay_on_their_line(tmp_path: Path, environment: dict[str, str]) -> None:
    write(tmp_path, thin("a\nb\x1b[2J", images="- name: 1A\n  dmap: {}\n"))
    code, _, lines = told("--thin-manifest-dir", ".", folder=tmp_path, environment=environment)
    assert code == 1
    assert lines
    assert all(line.startswith(r"images/a\nb\x1b[2J/images.yaml:1:9: image name '1A' is malformed") for line in lines)


def test_very_many_files_are_read(tmp_path: Path, environment: dict[str, str]) -> None:
    for number in range(2_000):
        write(tmp_path, thin(f"n{number}", images=IMAGES.replace("etcd", f"etcd{number}")))
    assert told("--thin-manifest-dir", ".", folder=tmp_path, environment=environment) == (
        0,
        "2,000 manifests, 2,000 images, 1 digest, 2,000 edges\n",
        [],
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "f.yaml").write_bytes(PLAIN)
    (tmp_path / "f.yaml").chmod(0)
    _, _, lines = told("--manifest", "f.yaml", folder=tmp_path, environment=environment)
    assert any("Permission denied" in line or "not readable" in line for line in lines)
