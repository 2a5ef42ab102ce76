"""Labelled scenarios through all stages: what is detected, how early, at what price in noise."""
