"""A learned router as it decides: what it reads of a prompt, its artefact, its choice. No numpy, no I/O."""
