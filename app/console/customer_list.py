"""Customers in a list: all in the order in which they came, or those who are called so, as it is typed."""

from typing import Final

from app.api.calls import Answer
from app.api.customers import MOST_TYPED
from app.api.customers import list_customers as route
from app.api.shapes import CustomerPage
from app.console.asking import answered
from app.console.finding import plain_words
from app.console.pages import Page, Visit, page
from app.errors import Problem
from timeline.threads import CustomerSummary

A_PAGE: Final = 50
FEW: Final = 8


@page("GET", "/customers", "read")
async def list_customers(visit: Visit) -> Answer:
    """All of them, or those who are called so."""
    typed, cursor = visit.asked_for.get("q", "").strip()[:MOST_TYPED], visit.asked_for.get("cursor")
    found, fault = CustomerPage(items=[], next=None), ""
    try:
        found = await answered(
            visit, route, CustomerPage, query={"q": typed or None, "cursor": cursor, "limit": A_PAGE}
        )
    except Problem as error:
        fault = plain_words(error)
    part = "customers_found.html" if visit.is_fragment else "customers.html"
    return visit.show(part, found=found, typed=typed, fault=fault)


@page("GET", "/find/customers", "read")
async def find_people(visit: Visit) -> Answer:
    """The few who are called so, each a choice named `customer`, to be put into a form."""
    typed = visit.asked_for.get("q", "").strip()[:MOST_TYPED]
    return visit.show("people_chosen.html", people=await named(visit, typed) if typed else [], typed=typed)


async def named(visit: Visit, typed: str, limit: int = FEW) -> list[CustomerSummary]:
    """Who is called so, or nearly, the best first. Raises as the search does."""
    return (await answered(visit, route, CustomerPage, query={"q": typed, "limit": limit})).items


PAGES: Final[tuple[Page, ...]] = (list_customers, find_people)
