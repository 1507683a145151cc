"""The page in a real browser: nothing sticks out on a desk or on a telephone, in light or in dark."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from evidence_builder import Words, rich, settings

from pilothouse.prove.render.html import page
from pilothouse.prove.report import report, with_words

BROWSER = next(
    (path for n in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(n))),
    None,
)
ASK = (
    "const d=this.contentDocument,e=d.documentElement;"
    "const rows=[...d.querySelectorAll('table.sorts tbody')][0].rows;"
    "d.querySelector('table.sorts th button').click();d.querySelector('[data-open]').click();"
    "document.title=[e.clientWidth,e.scrollWidth,d.querySelectorAll('details[open]').length,"
    "rows[0].cells[0].textContent,getComputedStyle(d.body).backgroundColor].join('/')"
)


def seen(folder: Path, html: str, width: int, scheme: int) -> list[str]:
    """The page in a frame of this width: a browser's own window cannot be as narrow as a telephone."""
    (folder / "report.html").write_text(html, encoding="utf-8")
    frame = (
        f'<iframe src="report.html" style="border:0;width:{width}px;height:900px" onload="{ASK}">'
    )
    (folder / "frame.html").write_text(frame, encoding="utf-8")
    done = subprocess.run(
        [
            str(BROWSER),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
            f"--blink-settings=preferredColorScheme={scheme}",
            f"--user-data-dir={folder / 'profile'}",
            "--window-size=1400,1000",
            "--dump-dom",
            (folder / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = re.search(r"<title>([^<]*)</title>", done.stdout)
    assert found, done.stdout[:500]
    return found[1].split("/")


@pytest.mark.slow
@pytest.mark.skipif(
    BROWSER is None, reason="NO BROWSER: the page was not looked at (install chromium)"
)
@pytest.mark.parametrize(
    ("width", "scheme", "background"),
    [(1280, 1, "rgb(255, 255, 255)"), (390, 0, "rgb(13, 17, 23)")],
)
def test_nothing_sticks_out_and_the_script_runs_under_its_own_policy(
    tmp_path: Path, width: int, scheme: int, background: str
) -> None:
    found = rich(repeats=2)
    asked = settings("steady", "swift", "thrifty", accuracy=">= 0.7", latency_p95_ms="<= 3000")
    made = with_words(report(asked, found), found, Words(lambda call: f"{call} " + "long" * 300))
    inner, scrolled, unfolded, first, colour = seen(tmp_path, page(made), width, scheme)
    assert int(inner) == width
    assert int(scrolled) <= width
    assert int(unfolded) > 10  # "Unfold all" was clicked
    assert first == "thrifty"  # the first click on a heading sorts downwards
    assert colour == background
