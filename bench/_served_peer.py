"""The graph of an unpacked bundle behind other servers: _served_peer.py uvicorn|litserve FOLDER PORT."""

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(sys.argv[2])))

# The bundle's own copy: the same graph, tokenizer and settings.
from runtime.model import Model

FOLDER, PORT = Path(sys.argv[2]), int(sys.argv[3])


def model() -> Model:
    loaded = Model(lambda name: (FOLDER / name).read_bytes())
    loaded.warm_up()
    return loaded


def uvicorn_server() -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    loaded = model()

    async def predict(request: Any) -> JSONResponse:
        given = json.loads(await request.body())
        return JSONResponse({"prediction": await run_in_threadpool(loaded.one, given["input"])})

    async def health(request: Any) -> JSONResponse:
        return JSONResponse({})

    app = Starlette(routes=[Route("/predict", predict, methods=["POST"]), Route("/health", health)])
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)


if sys.argv[1] == "litserve":
    import litserve

    # Its workers are started anew and read this file again, so the class stands at the top of it.
    class Api(litserve.LitAPI):
        def setup(self, device: str) -> None:
            self.model = model()

        def predict(self, request: dict[str, Any]) -> dict[str, Any]:
            return {"prediction": self.model.one(request["input"])}


def litserve_server() -> None:
    server = litserve.LitServer(Api(), accelerator="cpu", workers_per_device=len(os.sched_getaffinity(0)))
    server.run(host="127.0.0.1", port=PORT, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    {"uvicorn": uvicorn_server, "litserve": litserve_server}[sys.argv[1]]()
