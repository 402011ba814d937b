# Two images of one file: `docker build .` serves, `docker build --target training .` trains and serves.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS builder
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/venv
RUN pip install --no-cache-dir uv
WORKDIR /opt/program
COPY pyproject.toml uv.lock ./

FROM builder AS serving-packages
# Optional packages, such as --build-arg EXTRAS="opentelemetry tensorflow"; the names are in pyproject.toml.
ARG EXTRAS=""
# A CPU interpreter never loads LiteRT's GPU accelerator, its compilers for NPUs and their makers' libraries.
RUN uv sync --frozen --no-default-groups $(for extra in $EXTRAS; do echo --extra $extra; done) --no-cache && \
    cd /opt/venv/lib/python3.*/site-packages && \
    rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/aot ai_edge_litert/tools \
        ai_edge_litert/vendors simdjson/*.cpp simdjson/*.h && \
    find numpy -type d -name tests -prune -exec rm -rf {} +
RUN uv export --quiet --frozen --no-default-groups $(for extra in $EXTRAS; do echo --extra $extra; done) \
    --format cyclonedx1.5 --output-file sbom.cdx.json

FROM builder AS training-packages
# Compiling TensorFlow's bytecode would add 80 MB for a start that a training job makes once.
RUN UV_COMPILE_BYTECODE=0 uv sync --frozen --no-default-groups --group training --no-cache && \
    rm -rf /opt/venv/lib/python3.*/site-packages/tensorflow/include

FROM ${BASE} AS runtime
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/program
EXPOSE 8080
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true \
      com.amazonaws.sagemaker.capabilities.multi-models=true \
      org.opencontainers.image.title="exploring-convolutional-layers" \
      org.opencontainers.image.description="Classifies clothing with convolutional networks, over HTTP" \
      org.opencontainers.image.licenses="MIT"
# In exec form: SageMaker appends `serve` or `train`, and SIGTERM must reach Python, not a shell.
ENTRYPOINT ["python", "docker/entrypoint.py"]
CMD ["serve"]

FROM runtime AS training
COPY --from=training-packages /opt/venv /opt/venv
COPY docker/entrypoint.py docker/
COPY models models
COPY service service
COPY training training
CMD ["train"]

FROM runtime AS serving
COPY --from=serving-packages /opt/venv /opt/venv
COPY --from=serving-packages /opt/program/sbom.cdx.json ./
COPY docker/entrypoint.py docker/
COPY models models
COPY service service
RUN python -m compileall -q service
# Last, since each commit changes them.
ARG VERSION="" REVISION=""
LABEL org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
