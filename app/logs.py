"""What is written to the log: JSON lines on stderr, with ids and never what people wrote or where they live."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import msgspec
import structlog

_encoder: Final = msgspec.json.Encoder(enc_hook=str)


def configure_logs(*, level: int = logging.INFO) -> None:
    """Send the process's logs to stderr as JSON. Libraries' own records come along from WARNING on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception_by_name,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING,
        stream=sys.stderr,
        force=True,
        format='{"level":"%(levelname)s","event":"library","logger":"%(name)s"}',
    )


def _to_json(event: dict[str, Any], **_: Any) -> bytes:
    return _encoder.encode(event)


def _exception_by_name(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's type and the places it passed: its message may quote what somebody wrote."""
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        places = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["error"] = type(error).__name__
        event["places"] = places[-8:]
    return event
