"""An import of the past from the command line that is killed and begun again: every mail once, from whatever file."""

from collections import Counter
from pathlib import Path

from tests.app.api.conftest import Api
from tests.app.api.test_mail_importing import ANN, OURS, SEPARATOR, mail
from tests.app.killing import CHUNK, start_command, stops_in
from tests.conftest import Database

MANY = CHUNK + 4


async def test_an_import_is_exact_wherever_it_is_killed_and_goes_on(
    api: Api, database: Database, tmp_path: Path
) -> None:
    body = {"kind": "email", "name": "help", "settings": {"address": OURS}}
    assert (await api("POST", "/api/v1/channel-accounts", json=body)).status_code == 201
    async with api.database.read(api.mine.id) as db:
        slug = str(await db.fetchval("SELECT slug FROM workspace WHERE id = $1", api.mine.id))
    mails = [mail(number, ANN, OURS, body=f"No. {number}") for number in range(MANY)]
    as_mbox, as_maildir = tmp_path / "mbox", tmp_path / "maildir"
    as_mbox.write_bytes(b"".join(SEPARATOR + one + b"\n" for one in mails))
    (as_maildir / "cur").mkdir(parents=True)
    for number, one in enumerate(mails):
        (as_maildir / "cur" / f"{number}.x:2,S").write_bytes(one)
    from_mbox = ("import", "mbox", str(as_mbox), "--account", "help", "--workspace", slug)
    from_maildir = ("import", "maildir", str(as_maildir), "--account", "help", "--workspace", slug)

    async def recorded() -> Counter[str]:
        async with api.database.read(api.mine.id) as db:
            rows = await db.fetch("SELECT source_id FROM event WHERE type LIKE '%Recorded'")
        return Counter(row["source_id"] for row in rows)

    async with stops_in(database) as stops:
        for moment, command, there in (
            ("row", from_mbox, 0),
            ("commit", from_mbox, CHUNK),
            ("row", from_maildir, CHUNK),
        ):
            async with stops.at(moment, "event", "NEW.type LIKE '%Recorded'") as reached:
                victim = start_command(database, tmp_path, *command)
                await reached()
                victim.kill()
            assert sum((await recorded()).values()) == there
    for command, said in (
        (from_maildir, f"read {MANY}, new 4, already there {CHUNK}, refused 0"),
        (from_mbox, f"read {MANY}, new 0, already there {MANY}, refused 0"),
    ):
        assert await start_command(database, tmp_path, *command).ended() == 0
        assert (tmp_path / "command.log").read_text().splitlines()[-1] == said
    found = await recorded()
    assert (len(found), found.total()) == (MANY, MANY)
