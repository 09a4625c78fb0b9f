# The operator's container. Build arguments: BASE, an image with Python 3.11 or later and nothing to add to it.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
RUN python3 -m venv /opt/operator && python3 -m venv /opt/build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
COPY requirements requirements
RUN /opt/operator/bin/pip install --require-hashes -r requirements/operator.txt \
 && /opt/build/bin/pip install --require-hashes -r requirements/image.txt
COPY requirements.yml requirements.txt bindep.txt pyproject.toml README.md LICENSE ./
COPY tools/requirements.py tools/sbom.py tools/
COPY meta meta
COPY galaxy.yml watches.yaml ./
COPY config config
COPY plugins plugins
COPY roles roles
COPY playbooks playbooks
COPY src src
RUN /opt/build/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir dist . \
 && /opt/operator/bin/pip install --no-deps --no-index dist/*.whl \
 && /opt/operator/bin/python tools/requirements.py \
 && /opt/operator/bin/pip uninstall --yes \
      aiohttp aiohttp-retry aiohappyeyeballs aiosignal attrs frozenlist multidict propcache yarl pip setuptools
# A good part of the size, and nothing here imports it: the asynchronous half of the kubernetes library and what it stands on,
# ansible-test, tests.
RUN cd /opt/operator/lib/python3*/site-packages && rm -rf kubernetes/aio ansible_test kubernetes/test \
 && python3 -m compileall -q .
# What is in it, for whoever looks for a weakness in a version: CycloneDX, made by a tool that stays out.
RUN /opt/build/bin/cyclonedx-py environment --output-reproducible --of JSON -o /opt/operator/sbom.json /opt/operator/bin/python \
 && /opt/build/bin/python tools/sbom.py /opt/operator/sbom.json /opt/operator/lib/python3*/site-packages

# Of the base stays what runs: no pip, no packages' indexes, no manuals. Licences and the list of packages stay, too.
FROM ${BASE} AS base
RUN rm -rf /usr/local/bin/pip* /usr/bin/pip* /usr/local/lib/python3*/site-packages/pip* /usr/lib/python3/dist-packages/pip* \
      /usr/local/lib/python3*/ensurepip /usr/lib/python3*/ensurepip /usr/share/python-wheels \
      /var/cache/* /var/lib/apt/lists/* /usr/share/locale/* /usr/share/man/* /usr/share/info/* \
 && find /usr/share/doc -type f ! -name copyright -delete

FROM scratch
COPY --from=base / /
COPY --from=build /opt/operator /opt/operator
# The root file system is read-only: what Ansible writes goes to /tmp.
ARG REVISION=
ENV TENANT_OPERATOR_REVISION=${REVISION} PATH=/opt/operator/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 HOME=/tmp PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["tenant-operator"]
CMD ["run"]
