"""Runs detectors over activities: in the worker, in `devspm scan`, and in the tests."""

from pipeline.engine.engine import Engine, EngineSettings
from pipeline.engine.stats import EngineStats

__all__ = ["Engine", "EngineSettings", "EngineStats"]
