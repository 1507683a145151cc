from __future__ import annotations

from pilothouse.choose.record import limit_rows, record_html, record_markdown

from .make import choose, offer


def test_a_record_says_which_limit_puts_out_how_many_and_the_nearest_first() -> None:
    pool = [
        offer("a-far", context_tokens=9_000, abilities={"tools": False}),
        offer("near", context_tokens=9_000, abilities={"tools": True}),
        offer("kept", context_tokens=90_000, abilities={"tools": True}),
    ]
    decision = choose(pool, must={"context_tokens": 20_000, "requires": ["tools"]})
    assert limit_rows(decision) == [["context_tokens", "2", "1"], ["requires", "1", "0"]]
    text = record_markdown(decision, {})
    assert text.index("| near |") < text.index("| a-far |")


def test_long_tables_of_a_page_are_folded_and_short_ones_open() -> None:
    few = choose(
        [offer("kept"), offer("small", context_tokens=2_000)], must={"context_tokens": 9_000}
    )
    assert "<details>" not in record_html(few, {})
    many = [offer(f"m{i}", context_tokens=2_000) for i in range(40)]
    page = record_html(choose([offer("kept"), *many], must={"context_tokens": 9_000}), {})
    assert (
        page.count("<details><summary>model: all 40 rows</summary>") == 1 and "<script" not in page
    )
