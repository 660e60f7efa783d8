"""The page on the fake registry names every fault there is, and no other."""

import re

from cip_async.fake_registry.faults import FaultKind
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "fake-registry.md").read_text(encoding="utf-8")


def test_every_fault_is_told_and_no_other() -> None:
    table = PAGE.partition("## Faults")[2].partition("\n## ")[0]
    told = re.findall(r"^\| (`.*?) \| ", table, re.MULTILINE)
    assert sorted(re.findall(r"`([\w-]+)`", "".join(told))) == sorted(FaultKind)
