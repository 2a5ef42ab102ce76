"""Run a worker in this process until it is told to stop."""

import gc
import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import faust
from confluent_kafka import KafkaException
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from detectors.registry import DETECTORS
from pipeline import topics
from pipeline.http import HttpServer
from pipeline.identities.follower import IdentityFollower
from pipeline.stages.normalise import Locator
from pipeline.worker.app import build
from pipeline.worker.checks import refuse
from pipeline.worker.settings import WorkerSettings
from pipeline.worker.watchdog import Watchdog
from schemas.identity import IdentityMap

logger = logging.getLogger(__name__)


class WorkerError(Exception):
    """The worker cannot start; the message says what to do."""


def run(
    settings: WorkerSettings,
    identities: IdentityMap,
    log_level: str,
    places: Locator | None = None,
) -> None:
    """Start, work, stop in good order on SIGINT or SIGTERM.

    What is on the topic `identities` is read before anything else, and followed from then on.

    Raises:
        WorkerError: no broker, or topics are missing.
        SettingsError: the broker does not allow what a worker needs, what was learned does not fit
            the topics, or the topic `identities` cannot be read.
    """
    logging.basicConfig(
        level=log_level,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    for noisy in ("aiokafka", "faust", "mode"):
        logging.getLogger(noisy).setLevel(
            logging.DEBUG if log_level == "DEBUG" else logging.WARNING
        )
    settings = replace(settings, partitions=_partitions(settings))
    refuse(settings)
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    with ExitStack() as stack:
        data_dir = stack.enter_context(TemporaryDirectory(prefix="devspm-worker-"))
        follower = stack.enter_context(IdentityFollower(settings.kafka, settings.topics.identities))
        worker = build(
            settings,
            DETECTORS,
            identities,
            registry,
            Path(data_dir),
            places=places,
            updates=follower.take,
        )
        if settings.port is not None:
            server = _serve(settings, registry, worker.progress.problem)
            stack.enter_context(server)
            logger.info("metrics on %s/metrics", server.url)
        logger.info(
            "worker %s on %s: %d partitions, %d detectors",
            settings.app_id,
            settings.kafka.bootstrap,
            settings.partitions,
            len(DETECTORS),
        )
        if settings.exit_when_stalled:
            stack.enter_context(Watchdog(worker.progress.stall, Path(data_dir)))
        process = faust.Worker(
            worker.app, override_logging=False, redirect_stdouts=False, quiet=True
        )
        # States are many small objects without cycles. With the interpreter's own thresholds the
        # collector walks over them again and again: nearly half of all CPU at 200,000 identities.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        process.spinner = None  # it writes escape sequences even where there is no terminal
        process.execute_from_commandline()


def _serve(
    settings: WorkerSettings, registry: CollectorRegistry, problem: Callable[[], str]
) -> HttpServer:
    try:
        return HttpServer(settings.address, settings.port or 0, registry, problem)
    except OSError as error:
        raise WorkerError(
            f"cannot listen on {settings.address}:{settings.port}: {error.strerror}; "
            "choose another --port, 0 for any"
        ) from None


def _partitions(settings: WorkerSettings) -> int:
    """Number of partitions that all topics have."""
    client = topics.admin(settings.kafka)
    wanted = settings.topics.all(settings.app_id)
    try:
        found = topics.differences(client, wanted)
        if found:
            lines = "\n".join(f"  {d.topic} {d.problem}: {d.fix}" for d in found)
            raise WorkerError(f"the topics on {settings.kafka.bootstrap} are not ready:\n{lines}")
        return topics.partitions(client, settings.topics.activity)
    except KafkaException as error:
        raise WorkerError(
            f"no broker answers at {settings.kafka.bootstrap}: {error.args[0].str()}"
        ) from None
