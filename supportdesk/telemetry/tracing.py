"""Traces for OpenTelemetry: how long requests, tasks and sweeps took, by the names that the code has for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

SECONDS = 3  # that one parcel of spans may take, and so a process that ends

_tracer: Any = None
_propagator: Any = None


def trace_by(endpoint: str, *, environment: str, host: str) -> Any:
    """From now on; spans are sent by a thread, and dropped while nobody takes them. Gives the provider."""
    global _tracer, _propagator
    resources = import_module("opentelemetry.sdk.resources")
    tracing = import_module("opentelemetry.sdk.trace")
    batches = import_module("opentelemetry.sdk.trace.export")
    exporters = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    named = {"service.name": "supportdesk", "host.name": host, "deployment.environment.name": environment}
    provider = tracing.TracerProvider(resource=resources.Resource(named))
    exporter = exporters.OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=SECONDS)
    provider.add_span_processor(batches.BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("supportdesk")
    _propagator = import_module(
        "opentelemetry.trace.propagation.tracecontext"
    ).TraceContextTextMapPropagator()
    return provider


def stop_tracing() -> None:
    global _tracer
    _tracer = None


@contextmanager
def span(name: str, *, headers: Mapping[str, str] | None = None) -> Iterator[Any]:
    """For the block; None if nothing is traced. ``headers`` may name the trace of whoever asks.

    Of an error only the kind is told, as its words may be a customer's.
    """
    if _tracer is None:
        yield None
        return
    context = _propagator.extract(headers) if headers is not None else None
    with _tracer.start_as_current_span(
        name, context=context, record_exception=False, set_status_on_exception=False
    ) as begun:
        try:
            yield begun
        except BaseException as error:
            begun.set_attribute("error.type", type(error).__name__)
            raise


def begin_span(name: str) -> Any:
    """A span for work that ends in another function, by `end()`; None if nothing is traced."""
    return _tracer.start_span(name) if _tracer is not None else None
