"""The promoter of a command that only reads: how to reach registries, as the command line says."""

from cip_async.cli.options import Connection
from cip_async.events import Listener
from cip_async.promoter import Promoter
from cip_async.settings import Settings


def reader(connection: Connection, listener: Listener) -> Promoter:
    """A dry promoter."""
    return Promoter(
        settings=Settings(threads=connection.threads),
        endpoints=connection.endpoints,
        strategies=connection.strategies,
        ca_cert=connection.ca_cert,
        docker_config=connection.docker_config,
        listener=listener,
    )
