"""The pictures of docs/report.md: python docs/figures/report.py

Two windows of the shipped network's report, taken by Chromium, and a drawing of some of its votes. Playwright and
Chromium are those of `.ci/browser`.
"""

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import lgc

ROOT = Path(__file__).parents[2]
MNIST = ROOT / "examples" / "mnist"
DATA = MNIST / "mnist-test.npz"
HERE = Path(__file__).parent
TOP = {"width": 1180, "height": 900}
EXPLORER = {"width": 1180, "height": 830}
SAMPLE = "7"  # of those in the report; class 7 is chosen too


def made(folder):
    """The report, with hardware beside it."""
    lgc.compile(MNIST / "mnist-8k.pt", folder / "mnist.v", pipeline=8)
    lgc.report(MNIST / "mnist-8k.pt", folder / "report.html", rtl=folder / "mnist.v", data=DATA)
    return folder / "report.html"


def keep(picture, name):
    """Few colours are enough, and make a small file."""
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(HERE / name, optimize=True)


def shoot(path):
    """The beginning in light, the explorer in dark."""
    program = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport=TOP)
        page.goto(path.as_uri())
        page.locator("[data-ready=yes]").wait_for()
        keep(page.screenshot(), "report-top.png")
        page = browser.new_page(viewport=EXPLORER, color_scheme="dark")
        page.goto(path.as_uri())
        page.locator("select").select_option(SAMPLE)
        page.locator("button.class").nth(int(SAMPLE)).click()
        page.locator("#explorer").scroll_into_view_if_needed()
        page.evaluate("document.querySelector('#explorer').scrollIntoView()")
        page.wait_for_timeout(300)
        keep(page.screenshot(), "report-explorer.png")
        browser.close()


def main():
    """Draw."""
    with tempfile.TemporaryDirectory() as folder:
        shoot(made(Path(folder)))
    options = {"of_class": "3", "top": 8, "data": DATA, "sample": 18, "layout": "own"}
    lgc.draw(MNIST / "mnist-1k5.pt", HERE / "drawing.svg", **options)


if __name__ == "__main__":
    main()
