"""`throughline verify-audit`."""

import click

from app.audit import SealLog
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, progress
from timeline.audit import Broken, restorations, verify
from timeline.threads import Workspace


@click.command("verify-audit")
@workspace_option
@failing_in_words
def verify_audit(slug: str | None) -> None:
    """Compute the audit trail of a workspace again and compare; exit 1 where it does not hold.

    The worker seals events and decisions every few seconds in a chain of SHA-256, and keeps each seal's digest in
    THROUGHLINE_HOME/audit too. An edit, an insertion, a removal and a cut tail show; what was written in the last
    seconds is not sealed yet. Safe under load. A restore is on record, and told: it takes away what came after its
    backup, and nothing else may.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        broken = await _look(desk, workspace)
        for one in broken:
            data(f"seal {one.number}: {one.words}")
        if broken:
            raise Refused(f"the audit trail of {workspace.slug} does not hold: {len(broken)} fault(s).")

    with_desk(work)


async def _look(desk: Desk, workspace: Workspace) -> list[Broken]:
    kept = SealLog(desk.settings.home, workspace.id).kept()
    broken: list[Broken] = []
    seen, records = 0, 0
    with progress() as bar:
        line = bar.add_task("Seals", total=None)
        async with desk.database.read(workspace.id) as db:
            restored = await restorations(db, workspace.id)
            async for one in verify(db, workspace.id):
                if isinstance(one, Broken):
                    broken.append(one)
                else:
                    records += one.records
                    if kept.seals.get(one.number, one.digest.hex()) != one.digest.hex():
                        broken.append(Broken(number=one.number, words="differs from its copy outside the database"))
                seen = max(seen, one.number)
                bar.update(line, completed=one.number)
    if kept.last > seen:
        told = f"the tail was cut: seals up to {kept.last} were made, {seen} are here"
        broken.append(Broken(number=seen + 1, words=told))
    if kept.restored and kept.restored not in [one.epoch for one in restored]:
        broken.append(Broken(number=seen + 1, words="the restore that the log outside tells of is not on record"))
    for one in restored:
        taken, at = (moment.isoformat(timespec="seconds") for moment in (one.taken_at, one.restored_at))
        data(f"{workspace.slug}: restored at {at} from a backup of {taken}; what came in between is not here")
    if not broken:
        data(f"{workspace.slug}: {seen} seals over {records} records hold")
    return broken
