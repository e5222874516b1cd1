"""Throughline's tests; a package so that the `tests` which Piccolo installs is not found instead."""
