"""Learning a router from a proof's table, and judging it: fit, certificate, evaluation, cascades, off-policy."""
