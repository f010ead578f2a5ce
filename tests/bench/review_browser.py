"""How long a decision takes in the browser: from the key to the next pair on the screen, in a demo of 50,000 accounts.

python -m tests.bench.review_browser [accounts] [decisions]

Run it on a machine that does nothing else. It prints the median, the 95th percentile and the worst in milliseconds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, CHROMIUM_ARGUMENTS, running_demo

# The two record ids stand under the column titles of the card's table, which lives in a shadow root. The clock starts
# at the key and stops at the first frame that shows other ids.
_WATCH = """
() => {
  const roots = (node) => [node, ...[...node.querySelectorAll('*')].filter(e => e.shadowRoot).map(e => e.shadowRoot)];
  const ids = () => roots(document).flatMap(root => [...root.querySelectorAll('th .sub')])
    .slice(0, 2).map(e => e.textContent).join(' ');
  window.__shown = ids;
  addEventListener('keydown', () => {
    const before = ids(), begin = performance.now();
    window.__took = null;
    const look = () => { const now = ids();
      if (now && now !== before) window.__took = performance.now() - begin; else requestAnimationFrame(look); };
    look();
  }, true);
}
"""


def measure(page: Page, url: str, decisions: int) -> list[float]:
    """Decide so many unlinked pairs with the keyboard; milliseconds of each."""
    page.goto(f"{url}/Review?kinds=unlinked")
    page.locator("th .sub").first.wait_for(timeout=120_000)
    page.wait_for_timeout(3_000)
    page.evaluate(_WATCH)
    took: list[float] = []
    for _ in range(decisions):
        page.keyboard.press("a")
        page.wait_for_function("() => window.__took !== null && window.__took !== undefined", timeout=60_000)
        took.append(page.evaluate("() => window.__took"))
        page.wait_for_timeout(700)  # a person reads before the next key
    return took


def main(accounts: int = 50_000, decisions: int = 60) -> None:
    """Start the demo, decide, print."""
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder), accounts=accounts) as demo:
        time.sleep(5)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            took = measure(page, demo.url, decisions)
            browser.close()
    took.sort()
    p95 = took[min(len(took) - 1, int(0.95 * len(took)))]
    print(f"{accounts:,} accounts, {decisions} decisions, in milliseconds:")
    print(f"median {statistics.median(took):.0f}, 95th percentile {p95:.0f}, worst {took[-1]:.0f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
