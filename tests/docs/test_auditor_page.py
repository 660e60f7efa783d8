"""The page on the auditor tells of every option, verdict and metric, and its example is what is logged."""

import base64
import json
import re

import click

from cip_async.audit.cloud_log import CloudLog
from cip_async.audit.decide import Finding, Verdict, decide
from cip_async.audit.happenings import Audited
from cip_async.audit.messages import delivery
from cip_async.audit.metrics import metrics
from cip_async.audit.tally import Tally
from cip_async.audit.wanted import NOTHING_WANTED
from cip_async.cli.audit import serve
from tests.docs.pages import ROOT, blocks

PATH = ROOT / "docs" / "auditor.md"
PAGE = PATH.read_text(encoding="utf-8")


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_every_option_and_environment_variable_is_told_and_no_other() -> None:
    rows = re.findall(r"^\| (`-[^|]*)\|([^|]*)\|", section("Run it").replace(r"\|", ""), re.MULTILINE)
    first, second = ("".join(cells) for cells in zip(*rows, strict=True))
    options = [each for each in serve.params if isinstance(each, click.Option)]
    assert set(re.findall(r"`(--?[a-z-]+)", first)) == {name for each in options for name in each.opts}
    variables = {each.envvar for each in options if isinstance(each.envvar, str)}
    assert set(re.findall(r"`([A-Z_]+)`", second)) == variables


def test_every_verdict_is_told_and_no_other() -> None:
    assert re.findall(r"^\| `([\w-]+)` \| ", section("What it says"), re.MULTILINE) == [each.value for each in Finding]


def test_every_metric_is_told_and_no_other() -> None:
    told = re.findall(r"^\| `(\w+)(?:\{\w+\})?` \| ", section("Metrics"), re.MULTILINE)
    made = re.findall(r"^# TYPE (\w+) ", metrics(Tally(), manifests_age_s=1.0, is_failing=False), re.MULTILINE)
    assert sorted(told) == sorted(made)


def test_the_example_is_what_is_logged() -> None:
    pushed, data, logged = (block.text for block in blocks(PATH) if block.language == "json")
    assert base64.b64decode(json.loads(pushed)["message"]["data"]) == json.dumps(json.loads(data)).encode()
    read = delivery(pushed.encode())
    verdict = decide(read.content, NOTHING_WANTED)
    assert isinstance(verdict, Verdict)
    expected = json.loads(logged)
    audited = Audited(delivery=read, verdict=verdict, revision=expected["revision"], trace="0123456789abcdef" * 2)
    entry = CloudLog(service="cip-auditor", version="1.0.0", project="my-project").entry(audited)
    assert {"time": expected["time"], **entry} == expected
    assert list(expected) == ["time", *entry]
