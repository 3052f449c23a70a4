"""Pictures of the pages for the documentation: taken when ASSAY_SCREENSHOTS names a folder, and only then."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Page

LOOKS = {
    "desktop-en": ("en", 1280, 800),
    "desktop-zh": ("zh-hans", 1280, 800),
    "phone-en": ("en", 390, 844),
    "phone-zh": ("zh-hans", 390, 844),
}
QUALITY = 82


def looks_of(looks: list[Any]) -> list[Any]:
    """Return the looks of a test; while pictures are taken instead each language in each width, all of them light."""
    if not os.environ.get("ASSAY_SCREENSHOTS"):
        return looks
    return [(language, "light", width, height) for language, width, height in LOOKS.values()]


def take(page: Page, name: str, *, ready: str = "main, #labeling-page .lp-sheet", at: str = "") -> None:
    """Open the page's address in each look, as the same person, and keep a picture of it.

    Args:
        page: Where the person is.
        name: Of the picture, before the look.
        ready: What stands there once the page is drawn.
        at: What the picture is about, where it lies below the first screen.
    """
    folder = os.environ.get("ASSAY_SCREENSHOTS")
    browser = page.context.browser
    if not folder or browser is None:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    state: Any = page.context.storage_state()
    for look, (language, width, height) in LOOKS.items():
        context = browser.new_context(storage_state=state, viewport={"width": width, "height": height})
        # For the whole site, so that it takes the place of the one that the test may have set.
        context.add_cookies([{"name": "django_language", "value": language, "url": urljoin(page.url, "/")}])
        try:
            window = context.new_page()
            window.goto(page.url)
            window.locator(ready).first.wait_for()
            window.wait_for_load_state("networkidle")
            if at:
                # Into the middle: a header that stays above would hide what comes to the top edge.
                window.locator(at).first.evaluate("one => one.scrollIntoView({block: 'center'})")
            window.screenshot(path=Path(folder) / f"{name}-{look}.jpg", type="jpeg", quality=QUALITY)
        finally:
            context.close()


def take_now(page: Page, name: str, at: str) -> None:
    """Keep a picture of the page as it is: of one that answers a form, and has no address of its own.

    Args:
        page: What is pictured.
        name: Of the picture, its look included.
        at: What the picture is about.
    """
    folder = os.environ.get("ASSAY_SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    page.locator(at).first.evaluate("one => one.scrollIntoView({block: 'start'})")
    page.mouse.wheel(0, -120)
    page.screenshot(path=Path(folder) / f"{name}.jpg", type="jpeg", quality=QUALITY)
