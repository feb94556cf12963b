"""What is answered to requests about a model of ratings: one as JSON, or a line each."""

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from server.admission import Held, Lane
from server.app import application
from server.config import Config
from server.presence import while_waited_for
from server.recommender import Recommender
from server.requests import RequestRefused, content_type, read_body
from tagline.formats.document import UnreadableDocument, decode_record, encode_record
from tagline.formats.recommending import RecommendRequest

JSON, LINES = "application/json", "application/jsonlines"
MOST_LINES = 1_000  # of one request
_HELD_BYTES = 64 * 1024 * 1024


def build(model: Recommender, config: Config) -> Starlette:
    """Return the application that serves a recommender."""
    return application(_Ratings(model, config))


class _Ratings:
    def __init__(self, model: Recommender, config: Config) -> None:
        self._model = model
        self._max_body = config.max_body
        self._lane = Lane(config.workers, config.patience)
        self._held = Held(_HELD_BYTES)

    async def invocations(self, request: Request) -> Response:
        """Answer what is recommended: for one history, or for one a line."""
        kind = content_type(request, (JSON, LINES))
        with self._held.room() as room:
            body = await read_body(request, self._max_body, room)
            asked = _several(body) if kind == LINES else [_read(body, "the request")]
            answer = await while_waited_for(request, self._answered(asked))
        return Response(answer, media_type=kind)

    async def _answered(self, asked: list[RecommendRequest]) -> bytes:
        def answers() -> bytes:
            return b"".join(encode_record(self._model.answer(one)) for one in asked)

        async with self._lane.turn(sum(map(self._model.cost, asked))):
            return await to_thread.run_sync(answers)


def _several(body: bytes) -> list[RecommendRequest]:
    """Return the requests of lines, empty ones left out; raise RequestRefused naming the line."""
    lines = [(n, line) for n, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise RequestRefused(400, "bad_request", "there is no line")
    if len(lines) > MOST_LINES:
        raise RequestRefused(
            413, "too_many_lines", f"{len(lines):,} lines; one request has {MOST_LINES:,} at most"
        )
    return [_read(line, f"line {number}") for number, line in lines]


def _read(body: bytes, where: str) -> RecommendRequest:
    try:
        return decode_record(body, RecommendRequest, where)
    except UnreadableDocument as exc:
        raise RequestRefused(400, "bad_request", str(exc)) from exc
