"""`throughline prepare`."""

import time

import click

from app.cli.words import Refused, failing_in_words, progress, say
from app.embedding import look_at_model, models
from app.settings import load_settings
from search.embeddings import EmbedderAway
from search.preparing import prepare


@click.command("prepare")
@failing_in_words
def prepare_model() -> None:
    """Make the model of search by meaning ready to be served: once, in some seconds, without a network.

    Its weights come with a Python package (the extra `semantic`) and are checked by their SHA-256; the result is kept
    in THROUGHLINE_HOME/models, and checked whenever it is loaded. `throughline up` does this, and server and worker
    too where nobody did it before.
    """
    settings = load_settings()
    if settings.embedder != "minilm":
        say(f"Nothing to prepare: search by meaning is {look_at_model(settings).words}.")
        return
    started = time.monotonic()
    try:
        with progress() as bar:
            line = bar.add_task("Preparing search by meaning")

            def told(words: str, at: int, of: int) -> None:
                bar.update(line, description=words, completed=at, total=of)
                if not at:
                    say("Preparing search by meaning (MiniLM, once)")

            made = prepare(models(settings), told)
    except EmbedderAway as error:
        raise Refused(f"{error.words}. Words are searched without it.") from None
    took = f", in {time.monotonic() - started:.1f} s" if made else ""
    say(f"Search by meaning is ready: MiniLM in {models(settings)}{took}.")
