"""Online statistics that detectors share, each with its formula and reference."""
