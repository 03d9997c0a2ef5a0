# The image of web, worker, orders, beat and prestart. The servers are not in it: see compose.yaml.
# The base is named by its digest; another one: --build-arg PYTHON_IMAGE=NAME@sha256:DIGEST.
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

FROM ${PYTHON_IMAGE} AS packages
COPY requirements/base.txt /requirements.txt
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --require-hashes --only-binary :all: --requirement /requirements.txt \
    && /venv/bin/python -m pip uninstall --yes --quiet pip

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 omc \
    && useradd --uid 10001 --gid omc --no-create-home --home-dir /tmp --shell /usr/sbin/nologin omc \
    && install --directory --owner=omc --group=omc --mode=0700 /var/lib/omc
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    OMC_HOME=/var/lib/omc \
    PYTHONUNBUFFERED=1
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py ./
COPY omc_project ./omc_project
COPY ledgers ./ledgers
COPY trading ./trading
COPY quality ./quality
COPY agents ./agents
# Collecting static files needs some value for each secret; none of them is kept.
RUN SECRET_KEY=build OMC_CREDENTIAL_KEY=build python manage.py collectstatic --no-input \
    && python -m compileall -q .
# Last, so that another commit with the same files costs no layer but this one.
ARG COMMIT=unknown
ENV OMC_COMMIT=${COMMIT}
LABEL org.opencontainers.image.title="Oh My Coins" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.revision="${COMMIT}"
# On Fargate the volume over /tmp takes owner and mode from here; else it would be root's alone.
VOLUME ["/tmp"]
USER 10001:10001
EXPOSE 8000
# Of the web server; worker, orders, beat and prestart have their own or none.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["gunicorn", "omc_project.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
