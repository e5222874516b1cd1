"""A word that the corpus does not hold is taken for the nearest that it does, and for nothing where nothing is near."""

import time

from app.db import new_id
from search.vocabulary import Vocabularies, Vocabulary

WORDS = {"machine": 12, "machines": 3, "swallowed": 2, "brewster": 1, "card": 90, "cart": 2, "müller": 1, "parcel": 7}


def test_the_nearest_word_is_meant() -> None:
    known = Vocabulary(WORDS, time.monotonic())
    assert known.unknown(["machnie", "machine", "ord1", "the", "42"]) == ["machnie"]
    assert known.meant("machnie") == ("machine",)
    assert known.meant("machinee") == ("machine", "machines")
    assert known.meant("swalowwed") == ("swallowed",), "two typos in a long word"
    assert known.meant("crad") == ("card",)
    assert known.meant("carx") == ("card", "cart"), "the commoner first"
    assert known.meant("muller") == ("müller",)
    assert known.meant("lamp") == ()
    assert known.meant("percil") == (), "two typos in a short word are another word"


def test_old_knowledge_is_read_again() -> None:
    known, workspace = Vocabularies(), new_id()
    assert known.of(workspace, internal=True) is None
    known.keep(workspace, WORDS, internal=True)
    assert known.of(workspace, internal=True) is not None
    assert known.of(workspace, internal=False) is None
    known.keep(workspace, WORDS, internal=True).read_at -= 3_600
    assert known.of(workspace, internal=True) is None
