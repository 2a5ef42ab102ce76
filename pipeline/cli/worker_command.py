"""`devspm worker`."""

from pathlib import Path

import click

from pipeline.cli import options
from pipeline.topics import Topics


@click.command()
@options.bootstrap
@options.prefix
@options.app_id
@options.identities
@options.places
@options.networks
@click.option(
    "--address",
    envvar="DEVSPM_HTTP_ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Interface for metrics and health [DEVSPM_HTTP_ADDRESS].",
)
@click.option(
    "--port",
    envvar="DEVSPM_HTTP_PORT",
    type=click.IntRange(0, 65535),
    default=9464,
    show_default=True,
    help="Port for metrics and health; 0 for any free one [DEVSPM_HTTP_PORT].",
)
@click.option(
    "--alert-budget",
    envvar="DEVSPM_ALERT_BUDGET",
    type=click.FloatRange(min=0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="False alerts you accept per 1,000 identities and day [DEVSPM_ALERT_BUDGET].",
)
@click.option(
    "--tick",
    "tick_seconds",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    help="Seconds without events until a tick says that time went on.",
)
@click.option(
    "--idempotent/--no-idempotent",
    default=True,
    show_default=True,
    help="Let the broker drop batches sent twice; the embedded broker cannot.",
)
@click.option(
    "--stalled",
    "stalled_seconds",
    envvar="DEVSPM_STALLED",
    type=click.FloatRange(min=1.0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="No progress for so long while records wait is a stall: not ready [DEVSPM_STALLED].",
)
@click.option(
    "--exit-when-stalled",
    envvar="DEVSPM_EXIT_WHEN_STALLED",
    is_flag=True,
    help="Then end with status 3, for a supervisor to start it anew [DEVSPM_EXIT_WHEN_STALLED].",
)
@click.option(
    "--log-level",
    default="INFO",
    show_default=True,
    type=click.Choice(["DEBUG", "INFO", "WARNING"], case_sensitive=False),
)
def command(
    bootstrap: str,
    prefix: str,
    app_id: str,
    identities: Path | None,
    places: tuple[Path, ...],
    networks: Path | None,
    address: str,
    port: int,
    alert_budget: float,
    tick_seconds: float,
    idempotent: bool,
    stalled_seconds: float,
    exit_when_stalled: bool,
    log_level: str,
) -> None:
    """Run the stream processor until it is told to stop (Ctrl-C, SIGTERM).

    Start as many as there are cores: Kafka shares the partitions among them. The topics must
    exist (`devspm topics create`). Exit status 2: it cannot start; 3: it stalled.

    \b
    Examples:
      devspm worker --bootstrap kafka.example.com:9092
      DEVSPM_KAFKA_SECURITY_PROTOCOL=SASL_SSL DEVSPM_KAFKA_USERNAME=devspm \\
        DEVSPM_KAFKA_PASSWORD_FILE=/run/secrets/kafka devspm worker
    """
    from pipeline.correlate import CorrelationSettings
    from pipeline.worker.run import WorkerError, run
    from pipeline.worker.settings import WorkerSettings

    with options.reported():
        settings = WorkerSettings(
            kafka=options.kafka_settings(bootstrap),
            app_id=app_id,
            topics=Topics(prefix),
            address=address,
            port=port,
            tick_seconds=tick_seconds,
            idempotent=idempotent,
            stalled_seconds=stalled_seconds,
            exit_when_stalled=exit_when_stalled,
            correlation=CorrelationSettings(alerts_per_1000_identities_per_day=alert_budget),
        )
        try:
            run(
                settings,
                options.load_identities(identities),
                log_level.upper(),
                options.load_places(places, networks),
            )
        except WorkerError as error:
            options.fail(str(error))
