"""A point in time as an option takes it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import click

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Since(click.ParamType):
    """`90m`, `2h`, `3d` before now, or a date or time (UTC unless it says otherwise)."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds since the epoch."""
        if isinstance(value, float):
            return value
        try:
            if value[-1:] in UNITS:
                return (
                    time.time() - timedelta(**{UNITS[value[-1]]: float(value[:-1])}).total_seconds()
                )
            found = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither like 2h or 3d nor like 2026-01-31T12:00", param, ctx)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
