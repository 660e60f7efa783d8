"""The options of `cip fake-registry` that mean nothing are refused."""

import pytest
from click.testing import CliRunner

from cip_async.cli import cip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "nope"], "--fault nope: 'nope' is none of 429, "),
        (["--fault", "429=often"], "--fault 429=often: 'often' is not a probability."),
        (["--fault", "429=1.5"], "--fault 429=1.5: 1.5 is not a probability."),
        (["--fault", "500@nope"], "--fault 500@nope: 'nope' is none of ping, "),
        (["--fault", "no-link@blob-get"], "no-link strikes catalog, referrers, tags, not blob-get."),
        (["--user", "name"], "--user is not NAME:PASSWORD."),
        (["--user", "name:"], "--user is not NAME:PASSWORD."),
        (["--window=60"], "--window needs --reads or --writes."),
        (["--anonymous-pull"], "--anonymous-pull needs a --user, who may push."),
        (["--host", "gcr.io", "--host", "GCR.io"], "--host gcr.io is given twice."),
        (["--host", "not/a/host"], "--host: host 'not/a/host' is malformed"),
        (["--image", "app"], "--image app: "),
        (["--image", "APP:v1"], "--image APP:v1: image name 'APP' is malformed"),
        (["--image", "app:.1"], "--image app:.1: tag '.1' is malformed"),
        (["--port", "65535", "--host", "a.b", "--host", "c.d"], "--port 65535 leaves no ports for 2 hosts."),
        (["--reads", "0"], "0.0 is not in the range x>0"),
    ],
)
def test_an_option_that_means_nothing_is_a_usage_error(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(cip, ["fake-registry", *arguments])
    assert result.exit_code == 2
    assert said in result.output


def test_a_password_is_never_shown() -> None:
    result = CliRunner().invoke(cip, ["fake-registry", "--user", ":geheim"])
    assert result.exit_code == 2
    assert "geheim" not in result.output
