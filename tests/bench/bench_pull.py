"""How long a pull takes beside a bare client that downloads the same bulk result, and how much memory it needs.

    python -m tests.bench.bench_pull [--accounts 200000] [--small 50000] [--home DIR]

Starts practice orgs of both sizes as processes of their own, one after the other. The bare client makes the same
query job, waits for it and streams the result to a file: nothing is parsed. The pull does all of that and parses, keys,
proves and stores every record. Both ask for every field of every account. They take turns, three rounds; the medians
count. Peak memory is that of a process that does nothing but one pull.

It exits with 1 where the pull takes more than twice the bare client's time, or where four times the accounts need more
than a quarter more memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import requests

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from reconcile.model import Connection  # noqa: E402  # the path above makes it importable
from reconcile.snapshots import pull  # noqa: E402
from reconcile.systems import open_reader  # noqa: E402
from reconcile.systems.base import Reader  # noqa: E402
from tests.practice import running_practice  # noqa: E402

ROUNDS = 3
SECRETS = {"client_secret": "practice"}


def reader_of(url: str) -> Reader:
    """A reader of the practice org at `url`."""
    options = {"base_url": url, "client_id": "practice"}
    return open_reader(Connection("bench", "Bench", "salesforce", "practice", options=options), SECRETS)


def bare(url: str, fields: list[str], target: Path) -> tuple[float, float, int]:
    """Job and download by hand: seconds in all, seconds of the download alone, bytes."""
    started = time.perf_counter()
    with requests.Session() as session:
        grant = {"grant_type": "client_credentials", "client_id": "practice", "client_secret": "practice"}
        token = session.post(f"{url}/services/oauth2/token", data=grant, timeout=30).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        jobs = f"{url}/services/data/v66.0/jobs/query"
        query = {"operation": "query", "query": f"SELECT {', '.join(fields)} FROM Account"}
        job = f"{jobs}/{session.post(jobs, json=query, timeout=30).json()['id']}"
        while session.get(job, timeout=30).json()["state"] != "JobComplete":
            time.sleep(0.05)
        downloading = time.perf_counter()
        with session.get(f"{job}/results", stream=True, timeout=120) as answer, target.open("wb") as file:
            for chunk in answer.iter_content(1 << 20):
                file.write(chunk)
    ended = time.perf_counter()
    return ended - started, ended - downloading, target.stat().st_size


def pulled(url: str, folder: Path) -> float:
    """Seconds of one pull."""
    started = time.perf_counter()
    pull(reader_of(url), ["Account"], folder)
    return time.perf_counter() - started


def peak_mb(url: str, folder: Path) -> float:
    """Peak resident memory, in MB, of a fresh process that pulls once."""
    command = [sys.executable, str(Path(__file__)), "--only-pull", url, "--home", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return float(json.loads(done.stdout)["peak_mb"])


def measure(accounts: int, home: Path, *, is_timed: bool) -> dict[str, float]:
    """Figures of one size."""
    with running_practice(home / f"practice{accounts}", accounts=accounts) as practice:
        url = practice.salesforce_url
        figures: dict[str, float] = {"accounts": accounts, "peak_mb": peak_mb(url, home)}
        if is_timed:
            fields = [f.name for f in reader_of(url).describe("Account").fields]
            turns = [(bare(url, fields, home / "bare.csv"), pulled(url, home)) for _ in range(ROUNDS)]
            figures |= {
                "bare_s": median(turn[0][0] for turn in turns),
                "download_alone_s": median(turn[0][1] for turn in turns),
                "result_mb": turns[0][0][2] / 1e6,
                "pull_s": median(turn[1] for turn in turns),
                "ratio": median(turn[1] for turn in turns) / median(turn[0][0] for turn in turns),
            }
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200_000)
    parser.add_argument("--small", type=int, default=50_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--only-pull", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only_pull:
        pull(reader_of(given.only_pull), ["Account"], given.home)
        print(json.dumps({"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    with tempfile.TemporaryDirectory(dir=given.home) as folder:
        small = measure(given.small, Path(folder), is_timed=False)
        large = measure(given.accounts, Path(folder), is_timed=True)
    for figures in (small, large):
        print(json.dumps({name: round(value, 2) for name, value in figures.items()}))
    is_flat = large["peak_mb"] <= 1.25 * small["peak_mb"]
    print(
        f"ratio {large['ratio']:.2f} (at most 2), memory {large['peak_mb'] / small['peak_mb']:.2f} times (at most 1.25)"
    )
    sys.exit(0 if large["ratio"] <= 2 and is_flat else 1)


if __name__ == "__main__":
    main()
