"""`python -m integration_api`: the same as the command `integration-api`."""

from .cli import main

main()
