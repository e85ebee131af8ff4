# convlint with torch for the CPU:
#   docker build -t convlint .
#   docker run --rm -v "$PWD:/work" convlint model.py:Net --input 1,3,224,224
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
# The build of torch on PyPI brings CUDA along, several gigabytes of it.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY --from=build /wheels /wheels
COPY constraints.txt /wheels/
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" \
        --constraint /wheels/constraints.txt torch /wheels/*.whl \
    && useradd --create-home --uid 1000 convlint
# Linting runs code of the networks, which needs no rights to do so.
USER 1000
WORKDIR /work
ENTRYPOINT ["convlint"]
