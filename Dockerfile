# The program without a checkout, as a user who is not root; the folder /work is yours.
#
#     docker build -t fusionbench .
#     docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/work" fusionbench run --out runs
#
# --build-arg EXTRAS=report leaves PyTorch out, EXTRAS= all but the core. --build-arg TORCH_INDEX=, the address of PyTorch's
# packages for CPUs that its page on installing names, spares gigabytes of CUDA's.

FROM python:3.11-slim AS build
ARG EXTRAS=all
ARG TORCH_INDEX
ENV PATH=/opt/fusionbench/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_EXTRA_INDEX_URL=$TORCH_INDEX
RUN python -m venv /opt/fusionbench
WORKDIR /source
COPY . .
RUN pip install -c constraints.txt ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.11-slim
COPY --from=build /opt/fusionbench /opt/fusionbench
# any user that `docker run -u` names can write here
ENV PATH=/opt/fusionbench/bin:$PATH FUSIONBENCH_CACHE=/tmp/fusionbench MPLCONFIGDIR=/tmp/matplotlib HOME=/tmp
RUN useradd --uid 1000 --home-dir /tmp fusionbench && install -d -o fusionbench /work
USER 1000
WORKDIR /work
ENTRYPOINT ["fusionbench"]
CMD ["--help"]
