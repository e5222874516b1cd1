"""Piccolo's own entry: `app.migrate` puts the engine here before it runs the migrations."""

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

DB: PostgresEngine | None = None
APP_REGISTRY = AppRegistry(apps=["app.piccolo_app"])
