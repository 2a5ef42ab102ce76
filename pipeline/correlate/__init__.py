"""Signals of one identity -> incidents. Pure: no Kafka, no wall clock."""

from pipeline.correlate.correlator import Correlator
from pipeline.correlate.settings import CorrelationSettings
from pipeline.correlate.state import IncidentState, decode_state, encode_state

__all__ = ["CorrelationSettings", "Correlator", "IncidentState", "decode_state", "encode_state"]
