"""How every route is asked for somebody's things, and the things that a workspace holds: for `test_tenancy`."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec

from tests.app.api.conftest import Api, Tenant
from tests.app.api.planted import come_back, posted, set_aside, suggest
from tests.builders import contact, identifier, pushed


class Things(msgspec.Struct, frozen=True, kw_only=True):
    """What a workspace holds: two customers, their contacts, an event, a merge, a suggestion, a ticket, and more."""

    customer: str
    other_customer: str
    contact: str
    other_contact: str
    event: str
    decision: str
    suggestion: str
    entry: str
    key: str
    hold: str
    account: str
    thing: str
    webhook: str
    outbound: str
    bounce: str
    mail: str
    doubtful: str
    ticket: str
    agent: str
    view: str
    team: str
    queue: str
    edit: str
    task: str
    file: str
    fault: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask a route for things: `names` says that path or body name somebody's things."""

    path: Callable[[Things], str]
    body: Callable[[Things], Any] = lambda _: None
    names: bool = True
    fails: int | None = None


def _at(template: str) -> Callable[[Things], str]:
    return lambda things: template.format(**msgspec.structs.asdict(things))


CASES: dict[str, Case] = {
    "POST /api/v1/interactions": Case(
        path=_at("/api/v1/interactions"), body=lambda _: pushed(source_id="tenancy"), names=False
    ),
    "POST /api/v1/interactions/batch": Case(
        path=_at("/api/v1/interactions/batch"), body=lambda _: [pushed(source_id="tenancy-2")], names=False
    ),
    "GET /api/v1/customers": Case(path=_at("/api/v1/customers"), names=False),
    "GET /api/v1/customers/{customer_id}": Case(path=_at("/api/v1/customers/{customer}")),
    "GET /api/v1/customers/{customer_id}/timeline": Case(path=_at("/api/v1/customers/{customer}/timeline")),
    "GET /api/v1/customers/{customer_id}/identity": Case(path=_at("/api/v1/customers/{customer}/identity")),
    "POST /api/v1/customers/{customer_id}/merge": Case(
        path=_at("/api/v1/customers/{customer}/merge"), body=lambda things: {"other": things.other_customer}
    ),
    "POST /api/v1/customers/{customer_id}/unmerge": Case(
        path=_at("/api/v1/customers/{customer}/unmerge"), body=lambda things: {"decision": things.decision}
    ),
    "POST /api/v1/customers/{customer_id}/place": Case(
        path=_at("/api/v1/customers/{customer}/place"),
        body=lambda things: {"event": things.event, "contact": things.other_contact},
    ),
    "POST /api/v1/customers/{customer_id}/erase": Case(path=_at("/api/v1/customers/{customer}/erase")),
    "GET /api/v1/holds": Case(path=_at("/api/v1/holds"), names=False),
    "POST /api/v1/holds": Case(
        path=_at("/api/v1/holds"), body=lambda things: {"customer": things.customer, "reason": "a case"}
    ),
    "POST /api/v1/holds/{hold_id}/lift": Case(path=_at("/api/v1/holds/{hold}/lift")),
    "GET /api/v1/retention-policies": Case(path=_at("/api/v1/retention-policies"), names=False),
    "POST /api/v1/retention-policies": Case(
        path=_at("/api/v1/retention-policies"), body=lambda _: {"policy": {}}, names=False
    ),
    "POST /api/v1/retention-policies/preview": Case(
        path=_at("/api/v1/retention-policies/preview"), body=lambda _: {"policy": {}}, names=False
    ),
    "POST /api/v1/ticket-policies/preview": Case(
        path=_at("/api/v1/ticket-policies/preview"), body=lambda _: {"policy": {}}, names=False
    ),
    "POST /api/v1/sla-policies/preview": Case(
        path=_at("/api/v1/sla-policies/preview"), body=lambda _: {"sla": {}}, names=False
    ),
    "GET /api/v1/identity/policies": Case(path=_at("/api/v1/identity/policies"), names=False),
    "POST /api/v1/identity/policies": Case(
        path=_at("/api/v1/identity/policies"), body=lambda _: {"policy": {"precision": 0.95}}, names=False
    ),
    "GET /api/v1/identity/why": Case(path=_at("/api/v1/identity/why?a={contact}&b={other_contact}")),
    "GET /api/v1/identity/decisions": Case(path=_at("/api/v1/identity/decisions"), names=False),
    "GET /api/v1/identity/values": Case(path=_at("/api/v1/identity/values"), names=False),
    "POST /api/v1/identity/values": Case(
        path=_at("/api/v1/identity/values"),
        body=lambda _: {"identifier": "phone:+441632960001", "class": "shared"},
        names=False,
    ),
    "POST /api/v1/identity/not-same": Case(
        path=_at("/api/v1/identity/not-same"), body=lambda things: {"a": things.contact, "b": things.other_contact}
    ),
    "GET /api/v1/identity/suggestions": Case(path=_at("/api/v1/identity/suggestions"), names=False),
    "POST /api/v1/identity/suggestions/{suggestion_id}/accept": Case(
        path=_at("/api/v1/identity/suggestions/{suggestion}/accept")
    ),
    "POST /api/v1/identity/suggestions/{suggestion_id}/reject": Case(
        path=_at("/api/v1/identity/suggestions/{suggestion}/reject")
    ),
    "POST /api/v1/identity/suggestions/{suggestion_id}/later": Case(
        path=_at("/api/v1/identity/suggestions/{suggestion}/later")
    ),
    "GET /api/v1/tickets": Case(path=_at("/api/v1/tickets?customer={customer}")),
    "GET /api/v1/tickets/{ticket}": Case(path=_at("/api/v1/tickets/{ticket}")),
    "GET /api/v1/tickets/{ticket}/timeline": Case(path=_at("/api/v1/tickets/{ticket}/timeline")),
    "PATCH /api/v1/tickets/{ticket}": Case(
        path=_at("/api/v1/tickets/{ticket}"), body=lambda _: {"version": 1, "priority": "high"}
    ),
    "POST /api/v1/tickets/{ticket}/replies": Case(
        path=_at("/api/v1/tickets/{ticket}/replies"), body=lambda things: {"body": "Hello", "about": things.ticket}
    ),
    "POST /api/v1/tickets/{ticket}/notes": Case(
        path=_at("/api/v1/tickets/{ticket}/notes"), body=lambda things: {"body": "Hm", "about": things.ticket}
    ),
    "POST /api/v1/tickets/{ticket}/merge": Case(
        path=_at("/api/v1/tickets/{ticket}/merge"), body=lambda things: {"other": things.ticket}, fails=422
    ),
    "POST /api/v1/tickets/{ticket}/split": Case(
        path=_at("/api/v1/tickets/{ticket}/split"), body=lambda things: {"items": [things.event]}, fails=422
    ),
    "POST /api/v1/tickets/{ticket}/items": Case(
        path=_at("/api/v1/tickets/{ticket}/items"), body=lambda things: {"event": things.event}, fails=422
    ),
    "POST /api/v1/tickets/{ticket}/links": Case(
        path=_at("/api/v1/tickets/{ticket}/links"),
        body=lambda things: {"other": things.ticket, "kind": "related"},
        fails=422,
    ),
    "GET /api/v1/tickets/{ticket}/predictions": Case(path=_at("/api/v1/tickets/{ticket}/predictions")),
    "GET /api/v1/triage": Case(path=_at("/api/v1/triage"), names=False),
    "GET /api/v1/tickets/{ticket}/links": Case(path=_at("/api/v1/tickets/{ticket}/links")),
    "GET /api/v1/tickets/{ticket}/edits": Case(path=_at("/api/v1/tickets/{ticket}/edits")),
    "POST /api/v1/tickets/{ticket}/backstage": Case(
        path=_at("/api/v1/tickets/{ticket}/backstage"), body=lambda _: {"subject": "Ask the warehouse"}
    ),
    "GET /api/v1/tickets/{ticket}/backstage": Case(path=_at("/api/v1/tickets/{ticket}/backstage")),
    "POST /api/v1/tickets/{ticket}/tasks": Case(
        path=_at("/api/v1/tickets/{ticket}/tasks"), body=lambda things: {"title": "Call back", "owner": things.agent}
    ),
    "GET /api/v1/tasks": Case(path=_at("/api/v1/tasks?ticket={ticket}")),
    "PATCH /api/v1/tasks/{task_id}": Case(
        path=_at("/api/v1/tasks/{task}"), body=lambda things: {"owner": things.agent}
    ),
    "POST /api/v1/tasks/{task_id}/done": Case(path=_at("/api/v1/tasks/{task}/done")),
    "POST /api/v1/tasks/{task_id}/reopen": Case(path=_at("/api/v1/tasks/{task}/reopen")),
    "GET /api/v1/tickets/{ticket}/followers": Case(path=_at("/api/v1/tickets/{ticket}/followers")),
    "PUT /api/v1/tickets/{ticket}/followers/{agent}": Case(path=_at("/api/v1/tickets/{ticket}/followers/{agent}")),
    "DELETE /api/v1/tickets/{ticket}/followers/{agent}": Case(path=_at("/api/v1/tickets/{ticket}/followers/{agent}")),
    "GET /api/v1/notifications": Case(path=_at("/api/v1/notifications"), names=False, fails=422),
    "POST /api/v1/notifications/read": Case(path=_at("/api/v1/notifications/read"), names=False, fails=422),
    "POST /api/v1/edits/{edit_id}/undo": Case(path=_at("/api/v1/edits/{edit}/undo")),
    "POST /api/v1/tickets/bulk": Case(
        path=_at("/api/v1/tickets/bulk"), body=lambda things: {"tickets": [things.ticket], "status": "open"}
    ),
    "GET /api/v1/agents": Case(path=_at("/api/v1/agents"), names=False),
    "POST /api/v1/agents": Case(
        path=_at("/api/v1/agents"), body=lambda _: {"email": "new@desk.example", "role": "agent"}, names=False
    ),
    "GET /api/v1/agents/{agent}": Case(path=_at("/api/v1/agents/{agent}")),
    "PATCH /api/v1/agents/{agent}": Case(path=_at("/api/v1/agents/{agent}"), body=lambda _: {"name": "Kim"}),
    "PUT /api/v1/agents/{agent}/mails": Case(path=_at("/api/v1/agents/{agent}/mails"), body=lambda _: {"mails": "off"}),
    "GET /api/v1/mail-bounces": Case(path=_at("/api/v1/mail-bounces"), names=False),
    "POST /api/v1/mail-bounces/{bounce}/clear": Case(path=_at("/api/v1/mail-bounces/{bounce}/clear")),
    "PUT /api/v1/agents/{agent}/state": Case(
        path=_at("/api/v1/agents/{agent}/state"), body=lambda _: {"state": "online"}
    ),
    "GET /api/v1/teams": Case(path=_at("/api/v1/teams"), names=False),
    "POST /api/v1/teams": Case(
        path=_at("/api/v1/teams"), body=lambda things: {"key": "new", "name": "New", "members": [things.agent]}
    ),
    "GET /api/v1/teams/{team}": Case(path=_at("/api/v1/teams/{team}")),
    "PATCH /api/v1/teams/{team}": Case(path=_at("/api/v1/teams/{team}"), body=lambda _: {"name": "Other"}),
    "DELETE /api/v1/teams/{team}": Case(path=_at("/api/v1/teams/{team}")),
    "GET /api/v1/queues": Case(path=_at("/api/v1/queues"), names=False),
    "POST /api/v1/queues": Case(
        path=_at("/api/v1/queues"), body=lambda things: {"key": "new", "name": "New", "team": things.team}
    ),
    "GET /api/v1/queues/{queue}": Case(path=_at("/api/v1/queues/{queue}")),
    "PATCH /api/v1/queues/{queue}": Case(path=_at("/api/v1/queues/{queue}"), body=lambda _: {"name": "Other"}),
    "DELETE /api/v1/queues/{queue}": Case(path=_at("/api/v1/queues/{queue}")),
    "GET /api/v1/routing": Case(path=_at("/api/v1/routing"), names=False),
    "PUT /api/v1/routing": Case(path=_at("/api/v1/routing"), body=lambda _: {"version": 0}, names=False),
    "POST /api/v1/tickets/{ticket}/claim": Case(
        path=_at("/api/v1/tickets/{ticket}/claim"), body=lambda things: {"agent": things.agent}
    ),
    "POST /api/v1/tickets/{ticket}/handback": Case(
        path=_at("/api/v1/tickets/{ticket}/handback"), body=lambda _: {"reason": "Not mine"}
    ),
    "GET /api/v1/views": Case(path=_at("/api/v1/views"), names=False),
    "POST /api/v1/views": Case(
        path=_at("/api/v1/views"), body=lambda things: {"name": "New", "filters": {"assignee": things.agent}}
    ),
    "GET /api/v1/views/{view}": Case(path=_at("/api/v1/views/{view}")),
    "PATCH /api/v1/views/{view}": Case(path=_at("/api/v1/views/{view}"), body=lambda _: {"name": "Other"}),
    "DELETE /api/v1/views/{view}": Case(path=_at("/api/v1/views/{view}")),
    "GET /api/v1/views/{view}/tickets": Case(path=_at("/api/v1/views/{view}/tickets")),
    "GET /api/v1/tickets/{ticket}/similar": Case(path=_at("/api/v1/tickets/{ticket}/similar")),
    "POST /api/v1/search/similar": Case(
        path=_at("/api/v1/search/similar"), body=lambda things: {"text": "lost", "customer": things.customer}
    ),
    "GET /api/v1/search": Case(path=_at("/api/v1/search?customer={customer}")),
    "GET /api/v1/void-commands": Case(path=_at("/api/v1/void-commands?customer={customer}")),
    "GET /api/v1/reports": Case(path=_at("/api/v1/reports"), names=False),
    "GET /api/v1/reports/{report}": Case(path=_at("/api/v1/reports/opened?ids=true"), names=False),
    "GET /api/v1/ticket-policies": Case(path=_at("/api/v1/ticket-policies"), names=False),
    "POST /api/v1/ticket-policies": Case(
        path=_at("/api/v1/ticket-policies"), body=lambda _: {"policy": {"name": "Ours"}}, names=False
    ),
    "POST /api/v1/calendars/due": Case(
        path=_at("/api/v1/calendars/due"),
        body=lambda _: {
            "calendar": {"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}},
            "start": "2026-01-05T09:00:00Z",
            "seconds": 60,
        },
        names=False,
    ),
    "GET /api/v1/calendars": Case(path=_at("/api/v1/calendars"), names=False),
    "PUT /api/v1/calendars": Case(
        path=_at("/api/v1/calendars"), body=lambda _: {"calendars": {}, "version": 0}, names=False
    ),
    "GET /api/v1/sla-policies": Case(path=_at("/api/v1/sla-policies"), names=False),
    "PUT /api/v1/sla-policies": Case(
        path=_at("/api/v1/sla-policies"), body=lambda _: {"sla": {}, "version": 0}, names=False
    ),
    "POST /api/v1/tickets/{ticket}/snooze": Case(
        path=_at("/api/v1/tickets/{ticket}/snooze"), body=lambda _: {"until": None}
    ),
    "POST /api/v1/tickets/{ticket}/wake": Case(path=_at("/api/v1/tickets/{ticket}/wake"), body=lambda _: {}),
    "POST /api/v1/tickets/{ticket}/confirmation": Case(
        path=_at("/api/v1/tickets/{ticket}/confirmation"), body=lambda _: {"confirmed": True}, fails=422
    ),
    "GET /api/v1/tickets/{ticket}/confirmation": Case(path=_at("/api/v1/tickets/{ticket}/confirmation"), fails=422),
    "POST /api/v1/customers/{customer_id}/escalate": Case(
        path=_at("/api/v1/customers/{customer}/escalate"), body=lambda things: {"event": things.event}
    ),
    "GET /api/v1/customers/{customer_id}/recipients": Case(path=_at("/api/v1/customers/{customer}/recipients")),
    "POST /api/v1/customers/{customer_id}/messages": Case(
        path=_at("/api/v1/customers/{customer}/messages"),
        body=lambda things: {"account": things.account, "to": "ann@example.com", "subject": "Hello", "body": "Hello"},
        fails=422,
    ),
    "POST /api/v1/customers/{customer_id}/notes": Case(
        path=_at("/api/v1/customers/{customer}/notes"), body=lambda _: {"body": "Prefers the telephone"}
    ),
    "GET /api/v1/ticket-types": Case(path=_at("/api/v1/ticket-types"), names=False),
    "PUT /api/v1/ticket-types": Case(path=_at("/api/v1/ticket-types"), body=lambda _: {"version": 0}, names=False),
    "GET /api/v1/object-types": Case(path=_at("/api/v1/object-types"), names=False),
    "GET /api/v1/object-types/{type}": Case(path=_at("/api/v1/object-types/{thing}")),
    "PUT /api/v1/object-types/{type}": Case(
        path=_at("/api/v1/object-types/made"), body=lambda _: {"title": "Made {id}"}, names=False
    ),
    "GET /api/v1/objects": Case(path=_at("/api/v1/objects?customer={customer}")),
    "GET /api/v1/objects/{type}/{object_id}": Case(path=_at("/api/v1/objects/{thing}/{thing}")),
    "POST /api/v1/keys": Case(path=_at("/api/v1/keys"), body=lambda _: {"name": "new", "role": "agent"}, names=False),
    "GET /api/v1/keys": Case(path=_at("/api/v1/keys"), names=False),
    "GET /api/v1/keys/{key_id}": Case(path=_at("/api/v1/keys/{key}")),
    "DELETE /api/v1/keys/{key_id}": Case(path=_at("/api/v1/keys/{key}")),
    "POST /api/v1/channel-accounts": Case(
        path=_at("/api/v1/channel-accounts"), body=lambda _: {"kind": "orders", "name": "new"}, names=False
    ),
    "GET /api/v1/channel-accounts": Case(path=_at("/api/v1/channel-accounts"), names=False),
    "GET /api/v1/channel-accounts/{account}": Case(path=_at("/api/v1/channel-accounts/{account}")),
    "DELETE /api/v1/channel-accounts/{account}": Case(path=_at("/api/v1/channel-accounts/{account}")),
    "PATCH /api/v1/channel-accounts/{account}": Case(
        path=_at("/api/v1/channel-accounts/{account}"), body=lambda _: {"name": "other"}
    ),
    "GET /api/v1/channel-accounts/{account}/changes": Case(path=_at("/api/v1/channel-accounts/{account}/changes")),
    "POST /api/v1/channel-accounts/{account}/test": Case(path=_at("/api/v1/channel-accounts/{account}/test")),
    "POST /api/v1/channel-accounts/{account}/enable": Case(path=_at("/api/v1/channel-accounts/{account}/enable")),
    "POST /api/v1/channel-accounts/{account}/secret": Case(path=_at("/api/v1/channel-accounts/{account}/secret")),
    "GET /api/v1/deliveries": Case(path=_at("/api/v1/deliveries?account={account}")),
    "POST /api/v1/deliveries/{delivery_id}/replay": Case(path=_at("/api/v1/deliveries/{outbound}/replay")),
    "POST /api/v1/deliveries/{delivery_id}/discard": Case(path=_at("/api/v1/deliveries/{mail}/discard")),
    "POST /api/v1/deliveries/{delivery_id}/mark-sent": Case(path=_at("/api/v1/deliveries/{doubtful}/mark-sent")),
    "GET /api/v1/webhooks": Case(path=_at("/api/v1/webhooks"), names=False),
    "POST /api/v1/webhooks": Case(
        path=_at("/api/v1/webhooks"), body=lambda _: {"url": "https://8.8.8.8/", "events": ["*"]}, names=False
    ),
    "GET /api/v1/webhooks/{webhook_id}": Case(path=_at("/api/v1/webhooks/{webhook}")),
    "PATCH /api/v1/webhooks/{webhook_id}": Case(
        path=_at("/api/v1/webhooks/{webhook}"), body=lambda _: {"events": ["ticket.*"]}
    ),
    "DELETE /api/v1/webhooks/{webhook_id}": Case(path=_at("/api/v1/webhooks/{webhook}")),
    "POST /api/v1/webhooks/{webhook_id}/secret": Case(path=_at("/api/v1/webhooks/{webhook}/secret")),
    "POST /api/v1/webhooks/{webhook_id}/test": Case(path=_at("/api/v1/webhooks/{webhook}/test")),
    "GET /api/v1/quarantine": Case(path=_at("/api/v1/quarantine"), names=False),
    "GET /api/v1/quarantine/{entry_id}": Case(path=_at("/api/v1/quarantine/{entry}")),
    "POST /api/v1/quarantine/{entry_id}/replay": Case(path=_at("/api/v1/quarantine/{entry}/replay")),
    "POST /api/v1/quarantine/{entry_id}/discard": Case(path=_at("/api/v1/quarantine/{entry}/discard")),
    "GET /api/v1/files/{file_id}": Case(path=_at("/api/v1/files/{file}")),
    "GET /api/v1/files/{file_id}/link": Case(path=_at("/api/v1/files/{file}/link")),
    "POST /api/v1/files": Case(path=_at("/api/v1/files?name=tenancy"), names=False),
    "GET /api/v1/customers/{customer_id}/catch-up": Case(path=_at("/api/v1/customers/{customer}/catch-up")),
    "GET /api/v1/tickets/{ticket}/catch-up": Case(path=_at("/api/v1/tickets/{ticket}/catch-up")),
    "GET /api/v1/tickets/{ticket}/suggested-answers": Case(path=_at("/api/v1/tickets/{ticket}/suggested-answers")),
    "GET /api/v1/index": Case(path=_at("/api/v1/index"), names=False),
    "GET /api/v1/index/faults": Case(path=_at("/api/v1/index/faults"), names=False),
    "POST /api/v1/index/faults/{fault_id}/retry": Case(path=_at("/api/v1/index/faults/{fault}/retry")),
    "GET /api/v1/changes": Case(path=_at("/api/v1/changes"), names=False),
    "GET /api/v1/stream": Case(path=_at("/api/v1/stream?after=nonsense"), names=False, fails=400),
}


async def make_things(api: Api, tenant: Tenant) -> Things:
    """The same in any workspace, through its own API."""
    key = tenant.keys["admin"]
    ann = await api.push(key, source_id="ann", contact=contact("ann", identifier(value="ann@example.com")))
    ben = await api.push(key, source_id="ben", contact=contact("ben", identifier(value="ben@example.com")))
    kit = await api.push(key, source_id="kit", contact=contact("kit", identifier(value="kit@example.com")))
    lou = await api.push(key, source_id="lou", contact=contact("lou", identifier(value="lou@example.com")))
    merged = await api("POST", f"/api/v1/customers/{kit['customer_id']}/merge", key, json={"other": lou["customer_id"]})
    assert merged.status_code == 200, merged.text
    await api("POST", "/api/v1/interactions", key, json=pushed(source_id="ann", contact={}))
    entry = (await api("GET", "/api/v1/quarantine", key)).json()["items"][0]["id"]
    held = await api("POST", "/api/v1/holds", key, json={"customer": ben["customer_id"], "reason": "a case"})
    account = await api("POST", "/api/v1/channel-accounts", key, json={"kind": "orders", "name": "shop"})
    webhook = await api("POST", "/api/v1/webhooks", key, json={"url": "https://8.8.8.8/", "events": ["*"]})
    outbound = await api("POST", f"/api/v1/webhooks/{webhook.json()['id']}/test", key)
    asked = await api.push(key, source_id="tom", kind="message", contact=contact("tom"))
    sam = await api.push(key, source_id="sam", kind="message", contact=contact("sam"))
    link = {"other": sam["ticket"]["id"], "kind": "related"}
    linked = await api("POST", f"/api/v1/tickets/{asked['ticket']['id']}/links", key, json=link)
    task = await api("POST", f"/api/v1/tickets/{asked['ticket']['id']}/tasks", key, json={"title": "Call back"})
    file = await api("POST", "/api/v1/files?name=a.txt", key, content=b"a file")
    thing = f"thing-{tenant.id}"
    await api.push(key, source_id="thing", object={"type": thing, "id": thing, "state": {"status": "made"}})
    await api("PUT", f"/api/v1/object-types/{thing}", key, json={"title": "Thing {id}"})
    kim = await api("POST", "/api/v1/agents", key, json={"email": "kim@desk.example", "role": "agent"})
    view = await api("POST", "/api/v1/views", key, json={"name": "Ours", "audience": "workspace"})
    for what in ("team", "queue"):
        made = await api("POST", f"/api/v1/{what}s", key, json={"key": f"{what}-{tenant.id}", "name": "Ours"})
        assert made.status_code == 201, made.text
    suggestion = await suggest(api, tenant, ann["contact_id"], ben["contact_id"])
    return Things(
        customer=ann["customer_id"],
        other_customer=ben["customer_id"],
        contact=ann["contact_id"],
        other_contact=ben["contact_id"],
        event=ann["event_id"],
        decision=merged.json()["decision_id"],
        suggestion=suggestion,
        entry=entry,
        key=str(tenant.ids["agent"]),
        hold=held.json()["id"],
        account=account.json()["id"],
        thing=thing,
        webhook=webhook.json()["id"],
        outbound=outbound.json()["id"],
        mail=await posted(api, tenant),
        doubtful=await posted(api, tenant, "uncertain"),
        bounce=await come_back(api, tenant),
        ticket=asked["ticket"]["id"],
        agent=kim.json()["id"],
        view=view.json()["id"],
        team=f"team-{tenant.id}",
        queue=f"queue-{tenant.id}",
        edit=linked.json()["edit_id"],
        task=task.json()["id"],
        file=file.json()["id"],
        fault=await set_aside(api, tenant, ann["event_id"]),
    )


def nobodys() -> Things:
    return Things(**{name: str(uuid4()) for name in Things.__struct_fields__})
