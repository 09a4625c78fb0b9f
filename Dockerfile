# The operator's container. Build arguments: BASE, an image with Python 3.11 or later and nothing to add to it.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
RUN python3 -m venv /opt/operator
COPY constraints.txt requirements.yml pyproject.toml README.md LICENSE ./
COPY tools/requirements.py tools/
COPY meta meta
COPY galaxy.yml watches.yaml ./
COPY config config
COPY plugins plugins
COPY roles roles
COPY playbooks playbooks
COPY src src
RUN /opt/operator/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt . \
 && /opt/operator/bin/python tools/requirements.py \
 && /opt/operator/bin/pip uninstall --quiet --yes pip setuptools
# A third of the size, and nothing here imports it: the asynchronous half of the kubernetes library, ansible-test, tests.
RUN cd /opt/operator/lib/python3*/site-packages && rm -rf kubernetes/aio ansible_test kubernetes/test \
 && python3 -m compileall -q .

FROM ${BASE}
# The root file system is read-only: what Ansible writes goes to /tmp.
ENV PATH=/opt/operator/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    WATCHES=/opt/operator/watches.yaml
COPY --from=build /opt/operator /opt/operator
COPY watches.yaml /opt/operator/
RUN rm -rf /usr/local/bin/pip* /usr/bin/pip* /usr/local/lib/python3*/site-packages/pip* /usr/lib/python3/dist-packages/pip*
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["tenant-operator"]
CMD ["run"]
