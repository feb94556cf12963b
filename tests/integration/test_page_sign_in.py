"""Signing in on the page, in a real browser: by an issuer, by a pasted token, by AWS keys."""

import json
from collections.abc import Iterator
from itertools import product
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import browsing, violations
from tests.issuer import Issuer, issuing
from tests.page_world import PageWorld, page_world
from tests.unit.api_world import DATASET

pytestmark = [pytest.mark.slow, pytest.mark.browser]
REFUSED = "The API wants a token, or the time of yours is over."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as started:
        yield started


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


@pytest.fixture(scope="module")
def world(issuer: Issuer) -> Iterator[PageWorld]:
    client = {"JWT_CLIENT_ID": "page", "JWT_SCOPES": "openid tagline/*"}
    with page_world("jwt", JWT_ISSUER=issuer.url, **client) as made:
        yield made


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    yield made
    made.close()


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda said: told.append(said.text))
    page.goto(url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not told  # a policy's violation is said there
    return page


def let_in(page: Page) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Let it in").click()
    expect(page.get_by_role("heading", name=DATASET)).to_be_visible()


def test_the_issuer_lets_a_person_in_and_the_view_that_was_asked_for_comes(
    context: BrowserContext, world: PageWorld, issuer: Issuer
) -> None:
    world.asked.clear()
    page = opened(context, f"{world.url}#{DATASET}/runs")
    assert not world.asked
    assert not violations(page)
    let_in(page)
    assert page.url == f"{world.url}#{DATASET}/runs"
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    begun = dict(parse_qsl(urlsplit(next(a for a in issuer.asked if "authorize" in a)).query))
    assert begun["scope"] == "openid tagline/*"
    assert begun["code_challenge_method"] == "S256"
    assert begun["redirect_uri"] == world.url
    page.reload()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.evaluate("location.hash = 'nope'")
    expect(page.get_by_role("heading", name="There is no dataset")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_token_is_renewed_when_the_api_refuses_it(
    context: BrowserContext, world: PageWorld, issuer: Issuer
) -> None:
    page = opened(context, world.url)
    let_in(page)
    refusals = iter([True])
    tokens = sum(one == "/token" for one in issuer.asked)
    runs = f"GET /datasets/{DATASET}/runs"

    def once(_: bytes) -> tuple[int, object]:
        if next(refusals, False):
            del world.answers[runs]
        return 401, {"message": "Unauthorized"}

    world.answers[runs] = once
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_text("No run yet.").or_(page.locator("tbody tr").first)).to_be_visible()
    assert sum(one == "/token" for one in issuer.asked) == tokens + 1


def test_who_is_refused_for_good_signs_in_again(context: BrowserContext, world: PageWorld) -> None:
    page = opened(context, world.url)
    let_in(page)
    world.answers[f"GET /datasets/{DATASET}/runs"] = lambda _: (401, {"message": "Unauthorized"})
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("alert").filter(has_text=REFUSED)).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_be_focused()
    world.answers.clear()
    let_in(page)


def test_what_the_issuer_or_somebody_else_sends_back_is_no_way_in(
    context: BrowserContext, world: PageWorld
) -> None:
    page = opened(context, world.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Do not").click()
    expect(page.get_by_text("The issuer refused: access_denied.")).to_be_visible()
    page = opened(context, f"{world.url}?code=x&state=forged")
    expect(page.get_by_text("This sign-in was not begun here")).to_be_visible()
    assert page.url == world.url


def test_a_token_without_our_scope_is_told(
    context: BrowserContext, world: PageWorld, issuer: Issuer
) -> None:
    issuer.claims["scope"] = "openid"
    page = opened(context, world.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Let it in").click()
    expect(page.locator("#notice")).to_contain_text("The token has neither the scope")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    issuer.claims["scope"] = "tagline/*"


def test_without_a_client_a_token_is_pasted(
    context: BrowserContext, world: PageWorld, issuer: Issuer
) -> None:
    said = {"auth": "jwt", "issuer": issuer.url, "client": None}
    context.route("**/sign-in", lambda route: route.fulfill(body=json.dumps(said)))
    page = opened(context, world.url)
    assert not violations(page)
    field = page.get_by_label("Token")
    field.fill("not a token")
    page.get_by_role("button", name="Use this token").click()
    expect(page.get_by_text("That is no token")).to_be_visible()
    field.fill(f"Bearer {issuer.token(scope=f'tagline/{DATASET}')}\n")
    field.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=DATASET)).to_be_visible()


def test_where_requests_are_signed_they_are_signed_with_the_persons_keys(
    context: BrowserContext, world: PageWorld
) -> None:
    said = {"auth": "iam", "issuer": None, "client": None}
    context.route("**/sign-in", lambda route: route.fulfill(body=json.dumps(said)))
    page = opened(context, f"{world.url}#{DATASET}/runs")
    assert not violations(page)
    page.get_by_label("Access key id").fill("AKIDEXAMPLE")
    page.get_by_label("Secret access key").fill("secret")
    page.get_by_label("Session token").fill("session")
    with page.expect_request("**/datasets?*") as asking:
        page.get_by_role("button", name="Sign with these keys").click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    headers = asking.value.all_headers()
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert headers["x-amz-security-token"] == "session"


REQUESTS = [
    ("GET", "datasets?limit=50", ""),
    ("GET", "datasets/a%20b/compare?runs=x-1%2Cx-2&b=%C3%BC&a=%2A%28%27%21%29", ""),
    ("POST", "datasets/zoo/feedback", '{"hash": "\u00fc"}'),
]


def test_a_signature_is_botocores(context: BrowserContext, world: PageWorld) -> None:
    page = context.new_page()
    page.goto(f"{world.url}openapi.json")
    for (method, path, body), token in product(REQUESTS, (None, "session/token==")):
        keys = {"id": "AKID", "secret": "s/+cret", "token": token or "", "region": "eu-west-1"}
        signed = page.evaluate(
            """async ([keys, method, path, body]) => {
                const { signature } = await import("/page/sigv4.js");
                return signature(keys, method, new URL(path, location.href), body);
            }""",
            [keys, method, path, body],
        )
        request = AWSRequest(method, f"{world.url}{path}", data=body.encode())
        request.context["timestamp"] = signed["x-amz-date"]
        request.headers["X-Amz-Date"] = signed["x-amz-date"]
        if token:
            request.headers["X-Amz-Security-Token"] = token
        credentials = Credentials(keys["id"], keys["secret"], token)
        auth = SigV4Auth(credentials, "execute-api", keys["region"])
        text = auth.string_to_sign(request, auth.canonical_request(request))
        assert signed["Authorization"].endswith(f"Signature={auth.signature(text, request)}"), path


def test_where_there_is_no_way_in_the_page_says_why(
    context: BrowserContext, world: PageWorld
) -> None:
    said = json.dumps({"code": "issuer_unreachable", "detail": "It does not say."})
    context.route("**/sign-in", lambda route: route.fulfill(status=503, body=said))
    page = context.new_page()
    page.goto(world.url)
    expect(page.get_by_text("It does not say.")).to_be_visible()
    context.unroute("**/sign-in")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
