"""Rollouts: plan, tick, keep, rehearse."""
