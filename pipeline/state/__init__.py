"""Keyed state of one partition: what a stage remembers, and how it survives a crash."""
