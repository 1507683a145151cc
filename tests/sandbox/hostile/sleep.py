# ruff: noqa
"""Waits for ever without using any time of the processor."""

import time

time.sleep(1e6)
