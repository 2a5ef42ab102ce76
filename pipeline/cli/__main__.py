"""`python -m pipeline.cli` is `devspm`."""

from pipeline.cli import main

main(prog_name="devspm")
