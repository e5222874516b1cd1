"""`python -m app` is the command `throughline`: how `up` starts its server and its worker."""

from app.cli import main

main()
