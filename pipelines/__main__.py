"""`python -m pipelines` is the same as `egov`."""

from pipelines.cli import main

main()
