"""Runs in others' forms, and others' runs as cases and recorded answers."""
