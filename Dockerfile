# One image for web server, worker and migrations; docker-compose.yml shows how they go together.
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv && /app/.venv/bin/pip install --no-cache-dir uv
COPY requirements.lock ./
# The CPU build of torch; its version is the one in runner/torch_build.py.
ARG TORCH=2.13.0
ARG TORCH_BACKEND=cpu
RUN /app/.venv/bin/uv pip install --python /app/.venv/bin/python --no-cache --no-deps --torch-backend=${TORCH_BACKEND} torch==${TORCH} \
 && /app/.venv/bin/uv pip install --python /app/.venv/bin/python --no-cache --no-deps --require-hashes --compile-bytecode -r requirements.lock

FROM python:3.12-slim-bookworm
RUN useradd --create-home --uid 10001 assay && install -d -o assay -g assay -m 0700 /data
WORKDIR /app
COPY --from=build /app/.venv /app/.venv
COPY --chown=root:root . /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 ASSAY_HOME=/data NUMBA_CACHE_DIR=/data/cache/numba HF_HUB_OFFLINE=1 MALLOC_ARENA_MAX=2
USER assay
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "config.wsgi", "--bind=0.0.0.0:8000", "--preload", "--worker-class=gthread", "--workers=2", "--threads=8", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
