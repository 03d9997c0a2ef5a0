# The image of web, worker, beat and prestart. The servers are not in it: see compose.yaml.
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim

FROM ${PYTHON_IMAGE} AS packages
COPY requirements/base.txt /requirements.txt
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --require-hashes --only-binary :all: --requirement /requirements.txt

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
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "omc_project.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
