"""The bundles that one server serves, and how another file takes the place of one."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.errors import BundleInvalid
from modeling.engine.server.problem import Problem, retry_later
from modeling.engine.server.trial import tried

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modeling.engine.server.metrics import Metrics
    from modeling.engine.server.settings import ServerSettings
    from modeling.engine.serving import Prediction, Predictor


@dataclass
class Served:
    """One bundle under its name, and why the newest file was refused, if it was."""

    name: str
    predictor: Predictor
    since: float
    refused: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what is said of it, JSON-ready."""
        manifest, metrics, signature = self.predictor.manifest, self.predictor.metrics, self.predictor.signature
        figures, primary = metrics.get("bundle"), metrics.get("primary")
        return {
            "name": self.name,
            "sha256": self.predictor.sha256,
            "fingerprint": manifest.get("fingerprint"),
            "task": manifest.get("task"),
            "family": manifest.get("family"),
            "reading": manifest["reading"]["kind"],
            "labels": list(self.predictor.labels),
            "figure": primary,
            "value": figures.get(primary) if isinstance(figures, dict) else None,
            "signed_by": signature.fingerprint if signature else None,
            "loaded_at": round(self.since, 3),
            "refused_reload": self.refused or None,
        }


class Fleet:
    """Loads, warms, answers and replaces."""

    def __init__(self, settings: ServerSettings, metrics: Metrics, say: Callable[[str], None]) -> None:
        self._settings, self._metrics, self._say = settings, metrics, say
        self._served: dict[str, Served] = {}
        self._pool = ThreadPoolExecutor(settings.at_once, thread_name_prefix="predict")
        self._changing = asyncio.Lock()
        self.ready = False

    async def load(self) -> None:
        """Load every bundle, each tried first.

        Raises:
            BundleInvalid: One of them is not to be served; nothing is ready.
        """
        rows = self._settings.bundles.items()
        served = await asyncio.gather(*(self._load(name, path) for name, path in rows))
        self._served = {one.name: one for one in served}
        self.ready = True

    async def reload(self) -> None:
        """Put files that changed in the place of what is served; one that is no good is refused and the old one stays.

        One call after the other: the second of two looks again at what is there when the first is done.
        """
        async with self._changing:
            for name, path in self._settings.bundles.items():
                old = self._served[name]
                try:
                    if await asyncio.to_thread(_hash, path) == old.predictor.sha256:
                        continue
                    self._served[name] = await self._load(name, path)
                except BundleInvalid as error:
                    old.refused = error.detail
                    self._metrics.count("assay_reloads_total", bundle=name, outcome="refused")
                    self._say(f"{name}: the new file was refused, the old bundle stays. {error.detail}")
                else:
                    self._metrics.count("assay_reloads_total", bundle=name, outcome="loaded")

    async def _load(self, name: str, path: Path) -> Served:
        settings = self._settings
        started = time.perf_counter()
        try:
            good = await tried(path, settings.memory, settings.trial_seconds, settings.key)
            predictor = await asyncio.to_thread(_predictor, path, good, settings)
        except BundleInvalid as error:
            raise BundleInvalid(f"{path}: {error.detail}") from error
        signed = predictor.signature
        by = f"signed by {signed.fingerprint}" if signed else "not signed"
        seconds = time.perf_counter() - started
        self._say(f"{name}: {path}, sha256 {predictor.sha256}, {by}, ready after {seconds:.2f} s.")
        return Served(name, predictor, time.time())

    def one(self, name: str | None) -> Served:
        """Return the bundle of a name, or the only one.

        Raises:
            Problem: 503 before all are ready, 404 where there is no such bundle, 400 where there are several and none
                is named.
        """
        if not self.ready:
            raise retry_later(503, "not_ready", "The bundles are being loaded. Send this again in a second.")
        if name is None and len(self._served) > 1:
            names = ", ".join(self._served)
            raise Problem(400, "bundle_missing", f"Name one of the bundles: POST /predict/NAME, of {names}.")
        found = next(iter(self._served.values())) if name is None else self._served.get(name)
        if found is None:
            raise Problem(404, "bundle_unknown", f"There is no such bundle here; there are {', '.join(self._served)}.")
        return found

    def every(self) -> list[Served]:
        """Return all that is served."""
        return list(self._served.values())

    async def answer(self, served: Served, given: list[Any], leave: Callable[[], None]) -> list[Prediction]:
        """Return predictions; `leave` is called when the work has really ended, which may be after this has.

        Raises:
            Problem: 504 where it takes too long; the run is ended then.
            InputRefused: As `Predictor.predict` does.
        """
        from onnxruntime import RunOptions

        loop, run = asyncio.get_running_loop(), RunOptions()
        work = self._pool.submit(served.predictor.predict, given, run)
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(leave))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(work), self._settings.seconds)
        except TimeoutError:
            run.terminate = True
            seconds = self._settings.seconds
            detail = f"The model did not answer within {seconds:g} seconds. Send fewer or smaller inputs."
            raise Problem(504, "model_too_slow", detail) from None

    def close(self) -> None:
        """Wait for what is computed and let the threads go."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _hash(path: Path) -> str:
    import hashlib

    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BundleInvalid(f"The file {path.name} cannot be read: {error.strerror}.") from error


def _predictor(path: Path, good: str, settings: ServerSettings) -> Predictor:
    """Return the predictor of the very bytes that the trial found good."""
    from modeling.engine.bundle.verify import verify_bundle
    from modeling.engine.serving import Predictor

    opened = verify_bundle(path, key=settings.key, graph=False)
    if opened.sha256 != good:
        raise BundleInvalid("The file changed while it was read. Replace it by renaming a whole one.")
    return Predictor(opened, threads=settings.threads)
