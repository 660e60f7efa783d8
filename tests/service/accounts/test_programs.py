"""Programs that give out credentials: what they are given, and what may go wrong with them."""

import os
from pathlib import Path

import anyio
import pytest

from cip_async.gcp.program import ProgramFailure, ProgramMissing, run_program
from cip_async.registry.credentials.helper import Helper, HelperFailure, HelperMissing
from cip_async.registry.credentials.provider import IdentityToken, Password
from tests.service.accounts.conftest import write_program

pytestmark = pytest.mark.anyio
NAME = "docker-credential-test"


def says(folder: Path, text: str) -> None:
    write_program(folder, NAME, text)


@pytest.fixture
def helper(programs: Path, environment: dict[str, str]) -> Helper:
    return Helper("test", environment)


@pytest.fixture
def answer(programs: Path, request: pytest.FixtureRequest) -> None:
    says(programs, request.param)


GOOD = 'print(json.dumps({"ServerURL": sys.stdin.read().strip(), "Username": "me", "Secret": "Marker"}))'


@pytest.mark.parametrize("answer", [GOOD], indirect=True)
@pytest.mark.usefixtures("answer")
async def test_a_helper_gives_a_user_name_and_a_secret(helper: Helper) -> None:
    assert await helper.get("registry.example") == Password(username="me", password="Marker")


@pytest.mark.parametrize(
    "answer",
    ['assert sys.argv[1:] == ["get"]\nprint(json.dumps({"Username": sys.stdin.read(), "Secret": "s"}))'],
    indirect=True,
)
@pytest.mark.usefixtures("answer")
async def test_a_helper_is_told_the_server_on_stdin(helper: Helper) -> None:
    assert await helper.get("registry.example") == Password(username="registry.example\n", password="s")


@pytest.mark.parametrize("answer", ['print(json.dumps({"Username": "<token>", "Secret": "Marker"}))'], indirect=True)
@pytest.mark.usefixtures("answer")
async def test_a_helper_may_give_an_identity_token(helper: Helper) -> None:
    assert await helper.get("registry.example") == IdentityToken(token="Marker")


@pytest.mark.parametrize(
    "answer",
    [
        'print("credentials not found in native keychain")\nsys.exit(1)',
        'print("no credentials server URL")\nsys.exit(1)',
        'print(json.dumps({"Username": "", "Secret": ""}))',
    ],
    indirect=True,
)
@pytest.mark.usefixtures("answer")
async def test_a_helper_may_have_nothing(helper: Helper) -> None:
    assert await helper.get("registry.example") is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('print("Marker: the keychain is locked")\nsys.exit(1)', f"{NAME} failed with exit code 1"),
        ('sys.stderr.write("Marker")\nsys.exit(3)', f"{NAME} failed with exit code 3"),
        ('print("Marker")', f"{NAME} did not answer with JSON of Username and Secret"),
        ('print(\'{"Username": 1, "Secret": "Marker"}\')', f"{NAME} did not answer with JSON"),
        ('print("[" * 100_000)', f"{NAME} did not answer with JSON"),
        ('print("Marker" * 100_000)', f"{NAME} wrote more than 262144 bytes"),
        ("while True: sys.stdout.write('x' * 1000)", f"{NAME} wrote more than 262144 bytes"),
    ],
    indirect=["answer"],
)
@pytest.mark.usefixtures("answer")
async def test_a_helper_that_fails_is_named_and_not_quoted(helper: Helper, reason: str) -> None:
    with pytest.raises(HelperFailure, match=reason) as caught:
        await helper.get("registry.example")
    assert "Marker" not in str(caught.value)


@pytest.mark.parametrize("answer", ["import time\ntime.sleep(600)"], indirect=True)
@pytest.mark.usefixtures("answer")
async def test_a_helper_that_hangs_is_ended(environment: dict[str, str]) -> None:
    with pytest.raises(HelperFailure, match=f"{NAME} did not end within 0.2 s"):
        await Helper("test", environment, limit_s=0.2).get("registry.example")


@pytest.mark.parametrize("name", ["", "../test", "a/b", "-x", "a b", "a;b", ".hidden", "x" * 65])
async def test_the_name_of_a_helper_leads_nowhere_else(environment: dict[str, str], name: str) -> None:
    with pytest.raises(HelperFailure, match="may have letters, digits"):
        await Helper(name, environment).get("registry.example")


async def test_a_helper_that_is_not_there_is_told(helper: Helper) -> None:
    with pytest.raises(HelperMissing, match=f"the program {NAME} is not on PATH"):
        await helper.get("registry.example")


@pytest.mark.parametrize("answer", [GOOD], indirect=True)
@pytest.mark.usefixtures("answer", "_within_programs")
async def test_no_program_is_taken_from_the_current_folder() -> None:
    for path in ("", ".", os.pathsep):
        with pytest.raises(ProgramMissing):
            await run_program(NAME, ["get"], environment={"PATH": path}, limit_s=60, most_bytes=100)


async def test_a_program_that_cannot_be_started_is_told(programs: Path, environment: dict[str, str]) -> None:
    path = programs / "broken"
    await anyio.Path(path).write_text("#!/no/such/interpreter\n")
    await anyio.Path(path).chmod(0o755)
    with pytest.raises(ProgramFailure, match="cannot be started"):
        await run_program("broken", [], environment=environment, limit_s=60, most_bytes=100)


SLEEPS = "import time\npipe = open(sys.argv[1], 'w')\nprint('here', file=pipe, flush=True)\ntime.sleep(600)"


@pytest.mark.parametrize(
    "answer", [SLEEPS, f"if os.fork():\n    sys.exit()\n{SLEEPS}"], ids=["itself", "what it started"], indirect=True
)
@pytest.mark.usefixtures("answer")
async def test_a_cancelled_program_is_ended_with_what_it_started(fifo: Path, environment: dict[str, str]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_run_for_ever, fifo, environment)
        with anyio.CancelScope(shield=True):
            async with await anyio.open_file(fifo) as pipe:
                assert await pipe.readline() == "here\n"
                tasks.cancel_scope.cancel()
                assert await pipe.read() == "", "the pipe is closed when whoever has it open is gone"


async def _run_for_ever(fifo: Path, environment: dict[str, str]) -> None:
    await run_program(NAME, [str(fifo)], environment=environment, limit_s=60, most_bytes=100)


@pytest.fixture
def _within_programs(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(programs)


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """Whoever reads it waits for somebody who writes."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path
