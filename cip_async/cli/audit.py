"""`cip audit`: a service that checks what changes in registries."""

from pathlib import Path
from typing import Any, Final

import attrs
import click

from cip_async.cli.logs import LogFormat
from cip_async.cli.options import access_options

_SECONDS: Final = click.FloatRange(min=0.1)


@attrs.frozen(kw_only=True)
class AuditOptions:
    """What was asked for on the command line. Without `repository_url`, `path` is a local file or folder."""

    repository_url: str | None
    branch: str
    path: str
    project: str | None
    audience: str | None
    push_account: str | None
    certificates_url: str
    address: str
    port: int
    poll_s: float
    heartbeat_s: float
    endpoints: dict[str, str]
    ca_cert: Path | None
    docker_config: Path | None
    log_format: LogFormat
    verbosity: int


@click.group()
def audit() -> None:
    """Audit what changes in registries."""


@audit.command(short_help="Serve the auditor, to which Pub/Sub pushes what changes.")
@click.option(
    "--manifest-repo-url",
    "repository_url",
    envvar="CIP_AUDIT_MANIFEST_REPO_URL",
    show_envvar=True,
    metavar="URL",
    help="The git repository with the promoter manifests: https, ssh or file.",
)
@click.option(
    "--manifest-repo-branch",
    "branch",
    envvar="CIP_AUDIT_MANIFEST_REPO_BRANCH",
    show_envvar=True,
    default="main",
    show_default=True,
    metavar="NAME",
    help="Its branch.",
)
@click.option(
    "--manifest-path",
    "path",
    envvar="CIP_AUDIT_MANIFEST_REPO_MANIFEST_DIR",
    show_envvar=True,
    metavar="PATH",
    help="Where in the repository they are: a folder of thin ones, or a plain one. Without a repository, a local path.",
)
@click.option(
    "--gcp-project-id",
    "project",
    envvar="CIP_AUDIT_GCP_PROJECT_ID",
    show_envvar=True,
    metavar="PROJECT",
    help="The project of the service's traces, so that Cloud Logging joins log lines to their requests.",
)
@click.option(
    "--verify-oidc-audience",
    "audience",
    metavar="AUDIENCE",
    help="Only listen to requests with a token that Google signed for this audience.",
)
@click.option(
    "--push-service-account",
    "push_account",
    metavar="EMAIL",
    help="And only if it is the token of this service account.",
)
@click.option(
    "--oidc-certs-url",
    "certificates_url",
    default="https://www.googleapis.com/oauth2/v1/certs",
    show_default=True,
    metavar="URL",
    help="Where the certificates are that such tokens are checked with.",
)
@click.option("--address", default="0.0.0.0", show_default=True, metavar="IP", help="The address to listen on.")  # noqa: S104 - it serves whoever reaches its container
@click.option(
    "--port",
    type=click.IntRange(min=0, max=65535),
    envvar="PORT",
    show_envvar=True,
    default=8080,
    show_default=True,
    metavar="PORT",
    help="The port to listen on; 0 takes one that is free.",
)
@click.option(
    "--poll",
    "poll_s",
    type=_SECONDS,
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look for newer promoter manifests when no event asks for them.",
)
@click.option(
    "--heartbeat",
    "heartbeat_s",
    type=_SECONDS,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to say in the log that all is well.",
)
@access_options
@click.option(
    "--log-format",
    type=click.Choice([each.value for each in LogFormat]),
    default=LogFormat.JSON.value,
    show_default=True,
    help="How the log on stderr looks. What was audited goes to stdout, as JSON.",
)
@click.option("-v", "--verbose", "verbosity", count=True, help="Log more; twice: also what libraries log.")
def serve(**options: Any) -> None:
    """Check every change of a registry against promoter manifests, until terminated.

    Cloud Pub/Sub pushes the changes. What no manifest wants is logged as an error.
    """
    if options["path"] is None:
        if options["repository_url"] is None:
            raise click.UsageError("Name --manifest-repo-url URL, --manifest-path PATH, or both.")
        options["path"] = "."
    if options["push_account"] is not None and options["audience"] is None:
        raise click.UsageError("--push-service-account needs --verify-oidc-audience AUDIENCE.")
    wanted = AuditOptions(log_format=LogFormat(options.pop("log_format")), **options)
    from cip_async.cli import auditing  # noqa: PLC0415 - a server takes long to import, and --help does not need it

    auditing.serve_until_terminated(wanted)
