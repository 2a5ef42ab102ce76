"""Generated raw vendor events: an ordinary development organisation, and the npm incident of 2025.

Everything here is generated and says so (`"generated": true` in every record), except what is
documented of the incident (`"label": {"basis": "documented"}`). Habits of people are drawn from
`habits.json`, fitted by `fit.py` on public histories; how often what `life` adds happens is
assumed, as each of its modules says.
"""

from pipeline.generator.drift import Drift
from pipeline.generator.incident import incident_events
from pipeline.generator.life.routine import HABITS
from pipeline.generator.organisation import Organisation
from pipeline.generator.scenario import Incident, Publish, Scenario, demo_scenario

__all__ = [
    "HABITS",
    "Drift",
    "Incident",
    "Organisation",
    "Publish",
    "Scenario",
    "demo_scenario",
    "incident_events",
]
