# Built in two stages, so that the image holds the service and no tool that built it.
# Checked by hadolint in the tests and by installing the same wheel and lock into a fresh
# environment; no container engine was available to the authors, so the build itself is untested.

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# Dependencies first: this layer is rebuilt only when a lock changes.
COPY requirements/installer.lock requirements/image.lock requirements/
RUN python -m venv /opt/tools \
 && /opt/tools/bin/pip install --quiet --require-hashes -r requirements/installer.lock \
 && python -m venv --without-pip /opt/venv \
 && /opt/tools/bin/uv pip install --python /opt/venv/bin/python --no-cache --compile-bytecode \
      --require-hashes -r requirements/image.lock
COPY pyproject.toml hatch_build.py README.md LICENSE CHANGELOG.md ./
COPY src src
COPY migrations migrations
COPY openapi openapi
RUN /opt/tools/bin/hatchling build -t wheel -d dist \
 && /opt/tools/bin/uv pip install --python /opt/venv/bin/python --no-cache --compile-bytecode \
      --no-deps dist/*.whl

FROM python:3.13-slim-bookworm
# The root file system may be read-only: bytecode is compiled above, state lives in PostgreSQL.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8000
COPY --from=build /opt/venv /opt/venv
# Where a volume for the anchor of the audit log belongs to the account below.
RUN install -d -o 65532 -g 65532 -m 0750 /var/lib/integration-api
WORKDIR /opt/venv
# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-m", "integration_api.healthcheck"]
# Needs INTEGRATION_API_DATABASE_URL: the image carries no PostgreSQL of its own.
CMD ["sh", "-c", "exec integration-api serve --host 0.0.0.0 --port \"$PORT\""]
