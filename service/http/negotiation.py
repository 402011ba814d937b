"""Which representation a client wants: proactive negotiation by ``Accept`` and ``Accept-Language`` (RFC 9110, 12.5)."""

from functools import lru_cache

from service.errors import NotAcceptableError


@lru_cache(maxsize=64)
def choose(accept: str | None, offers: tuple[str, ...]) -> str:
    """Pick the offered media type that the client rates highest; the earlier offer where it rates two alike.

    Args:
        accept: the ``Accept`` header, if any; without one everything is welcome.
        offers: the media types that can be written, the default first.

    Raises:
        NotAcceptableError: the client accepts none of them.

    """
    ranges = [_parse(part) for part in (accept or "*/*").lower().split(",") if part.strip()]
    rated = [(_quality(offer, ranges), -position, offer) for position, offer in enumerate(offers)]
    quality, _, best = max(rated)
    if quality <= 0:
        raise NotAcceptableError(f"Accept: {accept} cannot be served here; there is: {', '.join(offers)}")
    return best


def prefers(accept: str | None, media_type: str, default: str) -> bool:
    """Whether the client rates a media type higher than the one it gets otherwise, as browsers rate HTML."""
    try:
        return choose(accept, (default, media_type)) == media_type
    except NotAcceptableError:
        return False


@lru_cache(maxsize=64)
def choose_language(accept_language: str | None, offers: tuple[str, ...]) -> str:
    """Pick the offered language that the client rates highest; the first where it rates none.

    A language covers its regions and scripts: ``es-MX`` asks for ``es`` (RFC 4647, section 3.4, "lookup").

    Args:
        accept_language: the ``Accept-Language`` header, if any.
        offers: language codes without a region, the default first.

    """
    ranges = [_parse(part) for part in (accept_language or "").lower().split(",") if part.strip()]
    rated: dict[str, float] = {}
    for language, quality in ranges:
        offer = offers[0] if language == "*" else language.partition("-")[0]
        if offer in offers and quality > 0:
            rated[offer] = max(quality, rated.get(offer, 0))
    return max(rated, key=lambda offer: (rated[offer], -offers.index(offer)), default=offers[0])


@lru_cache(maxsize=64)
def accepts_gzip(accept_encoding: str | None) -> bool:
    """Tell whether a client takes gzip at least as gladly as no coding (RFC 9110, section 12.5.3)."""
    rated = dict(_parse(part) for part in (accept_encoding or "").lower().split(",") if part.strip())
    gzip = rated.get("gzip", rated.get("x-gzip", rated.get("*", 0.0)))
    return gzip > 0 and gzip >= rated.get("identity", 0.0)


def _parse(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return media_range, float(parameter[2:])
            except ValueError:
                return media_range, 0.0
    return media_range, 1.0


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    """Rate an offer by the most specific range that covers it."""
    for covering in (offer, offer.split("/")[0] + "/*", "*/*"):
        for media_range, quality in ranges:
            if media_range == covering:
                return quality
    return 0.0
