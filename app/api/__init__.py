"""The HTTP API: routes declared in one shape, each described in OpenAPI by the same declaration."""
