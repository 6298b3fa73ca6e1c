# Gatehouse's container image: the shipped models are inside and checked by digest while it is built;
# the finished image starts without any network, as an ordinary user, on a read-only root.
#
#   docker build -t gatehouse .
#   docker run --rm -p 8080:8080 --read-only --tmpfs /tmp --cap-drop ALL \
#     --security-opt no-new-privileges -v gatehouse:/var/lib/gatehouse gatehouse
#
# `make image` builds the same file with buildah on a base made by debootstrap.
# BASE needs glibc (onnxruntime has no musl build) and Python 3.11 or newer with its venv module.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore PIP_QUIET=2
RUN python3 -m venv /opt/gatehouse
WORKDIR /src
COPY requirements/run.lock requirements/run.lock
RUN /opt/gatehouse/bin/pip install --require-hashes --only-binary :all: -r requirements/run.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY classifiers classifiers
COPY policies policies
COPY proxy proxy
COPY evaluation evaluation
COPY gatehouse gatehouse
RUN /opt/gatehouse/bin/pip install --no-deps --no-build-isolation .
# Nothing is downloaded from here on: the check opens every shipped model and compares its digest.
RUN LITELLM_LOCAL_MODEL_COST_MAP=True HF_HUB_OFFLINE=1 /opt/gatehouse/bin/gatehouse check \
 && /opt/gatehouse/bin/pip uninstall --yes hatchling editables setuptools pip \
 && install -d -m 0750 -o 65532 -g 65532 /var/lib/gatehouse

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Gatehouse" \
      org.opencontainers.image.description="An OpenAI-compatible guardrail proxy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/gatehouse/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LITELLM_LOCAL_MODEL_COST_MAP=True \
    HF_HUB_OFFLINE=1 \
    HOME=/tmp \
    GATEHOUSE_HOST=0.0.0.0
COPY --from=build /opt/gatehouse /opt/gatehouse
COPY --from=build --chown=65532:65532 /var/lib/gatehouse /var/lib/gatehouse
WORKDIR /var/lib/gatehouse
VOLUME /var/lib/gatehouse
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["gatehouse", "health"]
ENTRYPOINT ["gatehouse"]
CMD ["serve"]
