"""The stream processor: the stages as faust agents, wired to topics, tables and metrics."""
