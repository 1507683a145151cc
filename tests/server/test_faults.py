"""Every fault has its stated outcome: whole and streamed, alone and with another target behind."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from faults import FAULTS, Fault, outcome
from self_made import self_made_tls

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    return self_made_tls()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_of_a_target_alone_has_its_stated_outcome(
    fault: Fault, tls: ssl.SSLContext
) -> None:
    seen = [
        asyncio.run(outcome(fault, stream=stream, has_next=False, tls=tls))
        for stream in (False, True)
    ]
    assert seen == [fault.whole, fault.stream]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_with_another_target_behind_has_its_stated_outcome(
    fault: Fault, tls: ssl.SSLContext
) -> None:
    seen = [
        asyncio.run(outcome(fault, stream=stream, has_next=True, tls=tls))
        for stream in (False, True)
    ]
    assert seen == [fault.whole_next, fault.stream_next]
