"""The page about the Go promoter tells of every one of its flags, and of what each is today."""

import re

from cip_async.cli.go_flags import FLAGS
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "migrating-from-cip.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (`-.*?) \| (.*) \|$", PAGE, re.MULTILINE))


def test_every_flag_is_told_and_no_other() -> None:
    told = {name for cell in ROWS for name in re.findall(r"`-([\w-]+)", cell)}
    assert told == {flag.name for flag in FLAGS}


def test_what_each_flag_is_today_is_told() -> None:
    for cell, today in ROWS.items():
        for flag in FLAGS:
            if f"`-{flag.name}" in cell and re.search(rf"`-{re.escape(flag.name)}[ `=]", cell):
                words = [word for word in flag.today.split() if word.startswith("--") or word.islower()]
                assert all(word in today for word in words), flag.name
